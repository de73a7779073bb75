package org.moelora.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSummary;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;

/**
 * What a run's folder says: read without changing anything, while the run is going on too.
 *
 * @param folder the run's
 * @param description {@code run.json}: what the run is made with
 * @param steps all steps of the run
 * @param checkpoints the newest first
 * @param losses of the steps, from {@code metrics.jsonl}
 * @param evaluations losses on held-out rows
 * @param seconds spent up to the last step that was logged
 * @param skipped rows that were left out
 * @param running whether a process writes the run
 */
public record RunSummary(
        Path folder,
        JsonObject description,
        long steps,
        List<Saved> checkpoints,
        List<Point> losses,
        List<Point> evaluations,
        double seconds,
        List<SkippedRow> skipped,
        boolean running) {
    /**
     * A checkpoint.
     *
     * @param folder an adapter's folder, too
     * @param step steps done
     * @param damage what is wrong with it, null if it is whole
     */
    public record Saved(Path folder, long step, @Nullable String damage) {}

    /** A loss at a step. */
    public record Point(long step, double loss) {}

    public RunSummary {
        checkpoints = List.copyOf(checkpoints);
        losses = List.copyOf(losses);
        evaluations = List.copyOf(evaluations);
        skipped = List.copyOf(skipped);
    }

    /**
     * Reads a run's folder, and the bytes of its checkpoints to check them.
     *
     * @throws InputException if it holds no run, or one that cannot be read
     */
    public static RunSummary read(Path run) {
        JsonObject description = RunRecord.json(run);
        List<Saved> checkpoints =
                RunCheckpoint.in(run.resolve(RunFolder.CHECKPOINTS), RunRecord.id(description)).stream()
                        .map(checkpoint -> new Saved(
                                checkpoint.folder(),
                                checkpoint.step(),
                                checkpoint.damage().orElse(null)))
                        .toList();
        List<Point> losses = new ArrayList<>();
        List<Point> evaluations = new ArrayList<>();
        double seconds = 0;
        for (JsonObject line : lines(run.resolve("metrics.jsonl"))) {
            long step = line.longInteger("step");
            if (line.has("loss")) {
                losses.add(new Point(step, line.number("loss")));
                seconds = line.number("seconds", 0);
            } else {
                evaluations.add(new Point(step, line.number("eval_loss", Double.NaN)));
            }
        }
        List<SkippedRow> skipped = lines(run.resolve("skipped.jsonl")).stream()
                .map(TrainingState::skippedRow)
                .toList();
        return new RunSummary(
                run,
                description,
                description.longInteger("steps"),
                checkpoints,
                losses,
                evaluations,
                seconds,
                skipped,
                RunLock.isTaken(run));
    }

    /**
     * The seed of the run that an adapter's folder is a part of, as its {@code last/}, its {@code best/} or one of its checkpoints.
     *
     * @return empty if it is part of none
     * @throws InputException if there is a run that cannot be read
     */
    public static OptionalLong seedOf(Path adapter) {
        Path run = adapter.toAbsolutePath().normalize();
        for (int up = 0; up < 2 && run.getParent() != null; up++) {
            run = run.getParent();
            if (Files.exists(run.resolve(RunRecord.FILE))) {
                return OptionalLong.of(RunRecord.json(run).longInteger("seed"));
            }
        }
        return OptionalLong.empty();
    }

    /** The lines of a log; a last one that is not whole, as a process leaves it that is killed while it writes, does not count. */
    private static List<JsonObject> lines(Path file) {
        List<JsonObject> lines = new ArrayList<>();
        if (!Files.exists(file)) {
            return lines;
        }
        try (Stream<String> all = Files.lines(file)) {
            int number = 0;
            for (Iterator<String> i = all.iterator(); i.hasNext(); ) {
                String line = i.next();
                number++;
                try {
                    lines.add(Json.parse(line, file + " line " + number));
                } catch (InputException e) {
                    if (i.hasNext()) {
                        throw e;
                    }
                }
            }
        } catch (IOException e) {
            throw InputException.unreadable(file, "a JSON Lines file", e);
        }
        return lines;
    }

    /**
     * The lines of {@code metrics.jsonl}, a step or an evaluation each.
     *
     * @throws InputException if they cannot be read
     */
    public List<JsonObject> metrics() {
        return lines(folder.resolve("metrics.jsonl"));
    }

    /** The checkpoint from which the run would go on, or null. */
    public @Nullable Saved newest() {
        return checkpoints.stream()
                .filter(checkpoint -> checkpoint.damage() == null)
                .findFirst()
                .orElse(null);
    }

    /** Whether the adapter of the last step is there. */
    public boolean finished() {
        Saved newest = newest();
        return newest != null && newest.step() == steps && Files.isDirectory(last());
    }

    /** Where the adapter of the last step is, once there is one. */
    public Path last() {
        return folder.resolve("last");
    }

    /** Where the adapter with the best evaluation is, once there is one. */
    public Path best() {
        return folder.resolve("best");
    }

    /**
     * What the run's adapter is made of.
     *
     * @throws InputException if no checkpoint is whole
     */
    public AdapterConfig adapter() {
        Saved newest = newest();
        if (newest == null) {
            throw new InputException(
                    folder + ": has no whole checkpoint to go on from; begin the run again in another folder");
        }
        return AdapterSummary.read(newest.folder()).config();
    }
}
