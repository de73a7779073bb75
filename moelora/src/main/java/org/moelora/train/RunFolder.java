package org.moelora.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.io.AtomicFile;
import org.moelora.engine.io.AtomicFolder;
import org.moelora.engine.io.JsonWriter;

/**
 * The folder of one run, as its only writer has it:
 * <pre>
 *     run.json         what it is made with ({@link RunRecord}); the last file that a start writes
 *     run.yaml         how to do the same again, if the caller has a text for it
 *     metrics.jsonl    a line per step and per evaluation
 *     skipped.jsonl    rows that were left out, if there are any
 *     checkpoints/     the last few ({@link RunCheckpoint})
 *     best/, last/     adapters: the best so far on held-out rows, and what the finished run made
 *     lock             empty ({@link RunLock})
 * </pre>
 * What a killed process leaves half-written has a hidden name, and is cleared up when the run goes on.
 */
final class RunFolder implements TrainingListener, AutoCloseable {
    private static final String METRICS = "metrics.jsonl";
    private static final String SKIPPED = "skipped.jsonl";
    private static final String YAML = "run.yaml";
    private static final String CHECKPOINTS = "checkpoints";
    private static final List<String> CONTENT =
            List.of(RunRecord.FILE, "last", "best", METRICS, SKIPPED, YAML, CHECKPOINTS);

    private final Path folder;
    private final @Nullable Path firstMade;
    private final RunLock lock;
    private @Nullable FileChannel metrics;
    private boolean resumed;
    private boolean kept;

    private RunFolder(Path folder, @Nullable Path firstMade, RunLock lock) {
        this.folder = folder;
        this.firstMade = firstMade;
        this.lock = lock;
    }

    /**
     * Refuses what {@link #create} would refuse, as far as it shows without writing.
     *
     * @throws InputException if the folder holds a run, or cannot be written
     */
    static void check(Path folder) {
        if (Files.exists(folder.resolve(RunRecord.FILE))) {
            throw new InputException(
                    folder + ": holds another run; expected a folder without one, or to resume that one");
        }
        if (!Files.exists(folder.resolve(RunLock.FILE))) {
            // With a lock and no run.json it is a start that was cut short.
            for (String name : CONTENT) {
                if (Files.exists(folder.resolve(name))) {
                    throw new InputException(
                            folder + ": holds another run's " + name + "; expected a folder without one");
                }
            }
        }
        Path there = folder.toAbsolutePath().normalize();
        while (there.getParent() != null && !Files.exists(there)) {
            there = there.getParent();
        }
        if (!Files.isDirectory(there) || !Files.isWritable(there)) {
            throw new InputException(folder + ": cannot be made, as " + there
                    + (Files.isDirectory(there) ? " may not be written" : " is a file")
                    + "; expected a place that can be written");
        }
    }

    /**
     * A folder for a new run. Closed before {@link #begin}, it removes what it made.
     *
     * @throws InputException if the folder holds a run, or cannot be written
     */
    static RunFolder create(Path folder) {
        check(folder);
        Path absolute = folder.toAbsolutePath().normalize();
        Path firstMade = null;
        for (Path p = absolute; p != null && !Files.exists(p); p = p.getParent()) {
            firstMade = p;
        }
        try {
            Files.createDirectories(absolute);
        } catch (IOException e) {
            remove(firstMade);
            throw InputException.unwritable(folder, e);
        }
        RunFolder run = new RunFolder(folder, firstMade, RunLock.take(absolute));
        try {
            check(folder); // now that nobody else can begin one here
            CONTENT.forEach(name -> remove(folder.resolve(name)));
            AtomicFolder.sweep(absolute);
            return run;
        } catch (RuntimeException | Error e) {
            run.kept = true; // it is somebody else's
            run.close();
            throw e;
        }
    }

    /**
     * The folder of a run that goes on.
     *
     * @throws InputException if it holds no run, or somebody writes it
     */
    static RunFolder open(Path folder) {
        RunRecord.json(folder);
        RunFolder run = new RunFolder(folder, null, RunLock.take(folder));
        run.resumed = true;
        run.kept = true;
        return run;
    }

    Path path() {
        return folder;
    }

    Path checkpoints() {
        return folder.resolve(CHECKPOINTS);
    }

    Path last() {
        return folder.resolve("last");
    }

    Path best() {
        return folder.resolve("best");
    }

    /** With its first checkpoint there, makes this a run. */
    void begin(RunRecord.Inputs inputs, @Nullable String yaml) {
        if (yaml != null) {
            AtomicFile.write(folder.resolve(YAML), yaml);
        }
        RunRecord.write(folder, inputs);
        kept = true;
        openMetrics(0);
    }

    /** Forgets a run that came to nothing: closing removes what this made. One that goes on stays. */
    void discard() {
        kept = resumed;
    }

    /** Clears up behind a process that was killed, and puts the logs where they were at a checkpoint. */
    void rewind(TrainingState state) {
        AtomicFolder.sweep(folder);
        AtomicFolder.sweep(checkpoints());
        openMetrics(state.metricsBytes());
        skipped(state.skipped());
    }

    private void openMetrics(long length) {
        Path file = folder.resolve(METRICS);
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            metrics = channel;
            if (channel.size() < length) {
                throw new InputException(file + ": is shorter than at the checkpoint, " + channel.size() + " bytes for "
                        + length + "; expected it as the run left it");
            }
            channel.truncate(length);
            channel.position(length);
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        }
    }

    @Override
    public void step(Step step) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", step.step());
        line.put("loss", step.loss());
        line.put("lm", step.lm());
        line.put("balance", step.balance());
        line.put("contrast", step.contrast());
        line.put("grad_norm", step.gradNorm());
        line.put("learning_rate", step.learningRate());
        line.put("rows", step.rows());
        line.put("tokens_per_second", step.tokensPerSecond());
        line.put("seconds", step.seconds());
        append(line);
    }

    @Override
    public void evaluation(Evaluation evaluation) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", evaluation.step());
        line.put("eval_loss", evaluation.loss());
        if (!evaluation.taskLosses().isEmpty()) {
            line.put("tasks", evaluation.taskLosses());
        }
        append(line);
    }

    private void append(Map<String, Object> line) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(JsonWriter.line(line) + "\n");
        try {
            while (bytes.hasRemaining()) {
                channel().write(bytes);
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder.resolve(METRICS), e);
        }
    }

    private FileChannel channel() {
        return Objects.requireNonNull(metrics, "begin or rewind comes first");
    }

    /** Forces {@code metrics.jsonl} to the disk, and says how long it is. */
    long metricsBytes() {
        if (metrics == null) {
            return 0;
        }
        try {
            channel().force(true);
            return channel().position();
        } catch (IOException e) {
            throw InputException.unwritable(folder.resolve(METRICS), e);
        }
    }

    /** Lists the rows that were left out. */
    void skipped(List<SkippedRow> rows) {
        Path file = folder.resolve(SKIPPED);
        if (rows.isEmpty()) {
            remove(file);
            return;
        }
        StringBuilder lines = new StringBuilder();
        rows.forEach(
                row -> lines.append(JsonWriter.line(TrainingState.toJson(row))).append('\n'));
        AtomicFile.write(file, lines.toString());
    }

    /** Removes all checkpoints but the newest few; those after the step that is reached are damaged. */
    void prune(long reached, int keep) {
        int whole = 0;
        for (RunCheckpoint checkpoint : RunCheckpoint.in(checkpoints())) {
            if (checkpoint.step() > reached || ++whole > keep) {
                AtomicFolder.remove(checkpoint.folder());
            }
        }
    }

    @Override
    public void close() {
        try (lock) {
            if (metrics != null) {
                metrics.close();
            }
            if (!kept) {
                CONTENT.forEach(name -> remove(folder.resolve(name)));
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder.resolve(METRICS), e);
        }
        if (!kept) {
            remove(folder.resolve(RunLock.FILE));
            remove(firstMade);
        }
    }

    private static void remove(@Nullable Path path) {
        if (path == null || !Files.exists(path)) {
            return;
        }
        try (Stream<Path> all = Files.walk(path)) {
            for (Path entry : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(entry);
            }
        } catch (IOException e) {
            throw InputException.unwritable(path, e);
        }
    }
}
