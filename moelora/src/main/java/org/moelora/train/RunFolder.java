package org.moelora.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LossSettings;
import org.moelora.engine.InputException;
import org.moelora.io.AtomicFile;
import org.moelora.io.AtomicFolder;
import org.moelora.io.JsonWriter;

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
 * What a killed process leaves half-written has a hidden name, and is cleared up when the run goes on. Only what carries a mark of this program is
 * deleted: files of these names in a run's folder, checkpoints that name the run, and in a folder without a run what its {@link RunStart} tells. Other
 * people's files stay wherever they are, also in checkpoints, {@code best/} and {@code last/} when these are replaced.
 */
final class RunFolder implements TrainingListener, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(RunFolder.class.getName());
    private static final String METRICS = "metrics.jsonl";
    private static final String SKIPPED = "skipped.jsonl";
    static final String YAML = "run.yaml";
    static final String CHECKPOINTS = "checkpoints";
    private static final String LAST = "last";
    private static final String BEST = "best";
    private static final List<String> CONTENT =
            List.of(RunRecord.FILE, LAST, BEST, METRICS, SKIPPED, YAML, CHECKPOINTS, RunStart.FILE);

    private final Path folder;
    private final @Nullable Path firstMade;
    private final RunLock lock;
    private final String id;
    private final @Nullable String yaml;
    private @Nullable RunStart start;
    private @Nullable FileChannel metrics;
    private boolean begun;
    private boolean kept;

    private RunFolder(
            Path folder,
            @Nullable Path firstMade,
            RunLock lock,
            @Nullable RunStart start,
            String id,
            @Nullable String yaml) {
        this.folder = folder;
        this.firstMade = firstMade;
        this.lock = lock;
        this.start = start;
        this.id = id;
        this.yaml = yaml;
    }

    /**
     * Refuses what {@link #create} would refuse, as far as it shows without writing.
     *
     * @throws InputException if the folder holds a run, or cannot be written
     */
    static void check(Path folder) {
        if (Files.exists(folder.resolve(RunRecord.FILE))) {
            throw new InputException(
                    folder + ": holds a run already; choose another folder, or go on with that run by --resume");
        }
        Optional<RunStart> cutShort = RunStart.read(folder);
        for (String name : CONTENT) {
            Path entry = folder.resolve(name);
            if (Files.exists(entry, LinkOption.NOFOLLOW_LINKS)
                    && !cutShort.map(start -> start.made(entry)).orElse(false)) {
                throw new InputException(folder + ": holds another run's " + name
                        + ", or something else of that name; choose another folder, or move it away");
            }
        }
        Path lock = folder.resolve(RunLock.FILE);
        if (Files.exists(lock, LinkOption.NOFOLLOW_LINKS) && !isEmptyFile(lock)) {
            throw new InputException(
                    folder + ": holds \"" + RunLock.FILE
                            + "\", which is not the lock of a run, as it is not an empty file; choose another folder, or move it away");
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

    private static boolean isEmptyFile(Path file) {
        try {
            return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) == 0;
        } catch (IOException e) {
            throw InputException.unreadable(file, "an empty file", e);
        }
    }

    /**
     * A folder for a new run. Closed before {@link #begin}, it removes what it made.
     *
     * @param yaml {@code run.yaml}, if there is to be one
     * @throws InputException if the folder holds a run, or anything of a name that a run writes, or cannot be written
     */
    static RunFolder create(Path folder, @Nullable String yaml) {
        check(folder);
        Path absolute = folder.toAbsolutePath().normalize();
        Path firstMade = null;
        for (Path p = absolute; p != null && !Files.exists(p); p = p.getParent()) {
            firstMade = p;
        }
        RunLock lock;
        try {
            Files.createDirectories(absolute);
            lock = RunLock.take(absolute);
        } catch (IOException e) {
            deleteEmpty(absolute, firstMade);
            throw InputException.unwritable(folder, e);
        } catch (InputException e) {
            deleteEmpty(absolute, firstMade);
            throw e;
        }
        try {
            check(folder); // now that no other process can begin one here
            AtomicFolder.sweep(absolute, name -> name.equals(RunStart.FILE) ? Set.of() : null);
            RunStart.read(folder).ifPresent(cutShort -> {
                AtomicFolder.sweep(absolute, RunFolder::filesOf);
                cutShort.clear(folder);
            });
            RunStart start = RunStart.write(folder, yaml);
            return new RunFolder(folder, firstMade, lock, start, start.run(), yaml);
        } catch (RuntimeException | Error e) {
            if (e instanceof InputException) {
                lock.discard();
            }
            lock.close();
            if (e instanceof InputException) {
                deleteEmpty(absolute, firstMade);
            }
            throw e;
        }
    }

    /**
     * The folder of a run that goes on.
     *
     * @throws InputException if it holds no run, or another training writes it
     */
    static RunFolder open(Path folder) {
        String id = RunRecord.id(RunRecord.json(folder));
        RunFolder run = new RunFolder(folder, null, RunLock.take(folder), null, id, null);
        run.begun = true;
        run.kept = true;
        return run;
    }

    /** The names of the files that a folder of a run's holds; none for a file; null for what is no run's. */
    private static @Nullable Set<String> filesOf(String name) {
        return switch (name) {
            case LAST, BEST -> Adapter.FILES;
            case RunRecord.FILE, YAML, SKIPPED, RunStart.FILE -> Set.of();
            default -> null;
        };
    }

    /** What tells this run's checkpoints from others. */
    String id() {
        return id;
    }

    Path path() {
        return folder;
    }

    Path checkpoints() {
        return folder.resolve(CHECKPOINTS);
    }

    Path last() {
        return folder.resolve(LAST);
    }

    Path best() {
        return folder.resolve(BEST);
    }

    /**
     * Refuses what would end the run at a later step, as far as it can be seen now: a name taken that the run is to write, a folder that may not be written,
     * a disk without the room for what it certainly writes.
     *
     * @param step that is reached
     * @param steps all of them
     * @param evaluates whether there may be a {@code best/}
     * @param parameters of the adapter
     * @throws InputException saying what is in the way
     */
    void check(long step, long steps, boolean evaluates, long parameters) {
        List<Path> adapters = evaluates ? List.of(last(), best()) : List.of(last());
        for (Path adapter : adapters) {
            if (Files.isSymbolicLink(adapter)) {
                throw new InputException(adapter + ": a link stands where the run writes a folder; move it away");
            }
            AtomicFolder.checkNames(adapter, Adapter.FILES);
        }
        for (String name : List.of(METRICS, SKIPPED)) {
            Path file = folder.resolve(name);
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                    && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new InputException(file + ": something else stands where the run writes a file; move it away");
            }
        }
        for (Path each : List.of(folder, checkpoints(), last(), best(), folder.resolve(METRICS))) {
            if (Files.exists(each) && !Files.isWritable(each)) {
                throw new InputException(each + ": may not be written; give this user the right to write it");
            }
        }
        if (Files.exists(checkpoints(), LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(checkpoints())) {
            throw new InputException(
                    checkpoints() + ": something else stands where the run keeps its checkpoints; move it away");
        }
        for (RunCheckpoint checkpoint : RunCheckpoint.all(checkpoints())) {
            if (checkpoint.step() > step && checkpoint.step() <= steps) {
                checkpoint.checkReplaceable(id);
            }
        }
        RunRoom.of(step, steps, evaluates, parameters).check(folder);
    }

    /** With its first checkpoint there, makes this a run. */
    void begin(RunRecord.Inputs inputs) {
        if (yaml != null) {
            AtomicFile.write(folder.resolve(YAML), yaml);
        }
        RunRecord.write(folder, id, inputs);
        kept = true;
        begun = true;
        delete(folder.resolve(RunStart.FILE));
        openMetrics(0);
    }

    /** Forgets a new run that came to nothing: closing removes what this made. One that goes on stays. */
    void discard() {
        kept = start == null;
    }

    /** Clears up behind a process that was killed, and puts the logs where they were at a checkpoint. */
    void rewind(TrainingState state) {
        AtomicFolder.sweep(folder, RunFolder::filesOf);
        RunCheckpoint.sweep(checkpoints());
        RunStart.read(folder)
                .filter(mark -> mark.run().equals(id))
                .ifPresent(mark -> delete(folder.resolve(RunStart.FILE)));
        openMetrics(state.metricsBytes());
        skipped(state.skipped());
    }

    /** Writes an adapter, {@link #last} or {@link #best}, whole or not at all. */
    void save(Path to, Adapter adapter, LossSettings losses) {
        AtomicFolder.replace(to, Adapter.FILES, part -> adapter.saveInto(part, losses));
    }

    private void openMetrics(long length) {
        Path file = folder.resolve(METRICS);
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            metrics = channel;
            if (channel.size() < length) {
                throw new InputException(file + ": is shorter than at the checkpoint, " + channel.size() + " bytes for "
                        + length + "; put back the file as the run left it");
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
        line.put("task", step.task());
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
            delete(file);
            return;
        }
        StringBuilder lines = new StringBuilder();
        rows.forEach(
                row -> lines.append(JsonWriter.line(TrainingState.toJson(row))).append('\n'));
        AtomicFile.write(file, lines.toString());
    }

    /** Removes all of this run's checkpoints but the newest few; those after the step that is reached are damaged. */
    void prune(long reached, int keep) {
        int whole = 0;
        for (RunCheckpoint checkpoint : RunCheckpoint.in(checkpoints(), id)) {
            if (checkpoint.step() > reached || ++whole > keep) {
                checkpoint.remove();
            }
        }
    }

    @Override
    public void close() {
        RunStart undone = kept ? null : start;
        try (lock) {
            if (metrics != null) {
                metrics.close();
            }
            if (undone != null) {
                if (begun) {
                    List.of(RunRecord.FILE, METRICS, SKIPPED).forEach(name -> delete(folder.resolve(name)));
                }
                undone.clear(folder);
                lock.discard();
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder.resolve(METRICS), e);
        }
        if (undone != null) {
            deleteEmpty(folder.toAbsolutePath().normalize(), firstMade);
        }
    }

    /** Deletes a file of the run's; a folder or a link of its name is not the run's. */
    private static void delete(Path file) {
        try {
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        }
    }

    static void deleteIfEmpty(Path folder) throws IOException {
        try {
            Files.deleteIfExists(folder);
        } catch (DirectoryNotEmptyException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> folder + " holds other files, and stays");
        }
    }

    /** Deletes a folder and those above it up to the topmost that had to be made, as far as they are empty. */
    private static void deleteEmpty(Path folder, @Nullable Path firstMade) {
        try {
            for (Path p = folder; firstMade != null && p != null && p.startsWith(firstMade); p = p.getParent()) {
                deleteIfEmpty(p);
            }
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        }
    }
}
