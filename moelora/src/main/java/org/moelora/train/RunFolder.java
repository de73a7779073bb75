package org.moelora.train;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.io.AtomicFile;
import org.moelora.engine.io.JsonWriter;

/**
 * The folder of one run: {@code last/} and {@code best/} (adapters), {@code metrics.jsonl} with a line per step and per evaluation, and
 * {@code run.yaml} if there are settings to keep. Closed without {@link #complete}, it removes what it made.
 */
final class RunFolder implements TrainingListener, AutoCloseable {
    private static final List<String> CONTENT = List.of("last", "best", "metrics.jsonl", "run.yaml");

    private final Path folder;
    private final @Nullable Path firstMade;
    private final BufferedWriter metrics;
    private boolean complete;

    private RunFolder(Path folder, @Nullable Path firstMade, BufferedWriter metrics) {
        this.folder = folder;
        this.firstMade = firstMade;
        this.metrics = metrics;
    }

    /**
     * Refuses what {@link #create} would refuse, as far as it shows without writing.
     *
     * @throws InputException if the folder holds a run, or cannot be written
     */
    static void check(Path folder) {
        for (String name : CONTENT) {
            if (Files.exists(folder.resolve(name))) {
                throw new InputException(folder + ": holds another run's " + name + "; expected a folder without one");
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
            return new RunFolder(
                    folder,
                    firstMade,
                    Files.newBufferedWriter(folder.resolve("metrics.jsonl"), StandardOpenOption.CREATE_NEW));
        } catch (IOException e) {
            remove(firstMade);
            throw InputException.unwritable(folder, e);
        }
    }

    Path last() {
        return folder.resolve("last");
    }

    Path best() {
        return folder.resolve("best");
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
        line.put("tokens_per_second", step.tokensPerSecond());
        line.put("seconds", step.seconds());
        write(line);
    }

    @Override
    public void evaluation(Evaluation evaluation) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", evaluation.step());
        line.put("eval_loss", evaluation.loss());
        if (!evaluation.taskLosses().isEmpty()) {
            line.put("tasks", evaluation.taskLosses());
        }
        write(line);
    }

    private void write(Map<String, Object> line) {
        try {
            metrics.write(JsonWriter.line(line));
            metrics.write('\n');
            metrics.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(folder.resolve("metrics.jsonl") + ": cannot be written", e);
        }
    }

    /** Keeps the settings of the run, as their reader wrote them. */
    void settings(String yaml) {
        AtomicFile.write(folder.resolve("run.yaml"), yaml);
    }

    /** Keeps everything. */
    void complete() {
        complete = true;
    }

    @Override
    public void close() {
        try {
            metrics.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            if (!complete) {
                CONTENT.forEach(name -> remove(folder.resolve(name)));
                remove(firstMade);
            }
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
            throw new UncheckedIOException("cannot remove " + path, e);
        }
    }
}
