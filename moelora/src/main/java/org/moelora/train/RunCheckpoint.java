package org.moelora.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.TaskHeads;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.Pieces;
import org.moelora.engine.optim.AdamW;
import org.moelora.io.AtomicFile;
import org.moelora.io.AtomicFolder;
import org.moelora.io.Checksums;
import org.moelora.io.JsonWriter;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.io.StoredType;
import org.moelora.model.LanguageModel;

/**
 * A run after some step, in a folder {@code step-00000120}: an adapter as {@link Adapter#load} reads it, {@code optimizer.safetensors} with the
 * moments {@code m.PARAMETER} and {@code v.PARAMETER} and the counts {@code t.ROUTER} of {@link TaskHeads}, {@code state.json}, and the {@link Checksums} of these. Written whole or not at all.
 *
 * @param step steps done
 */
record RunCheckpoint(Path folder, long step) {
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final String COUNTS = "t.";
    private static final String STATE = "state.json";
    /** What the list of checksums names. */
    private static final Set<String> LISTED =
            Stream.concat(Adapter.FILES.stream(), Stream.of(OPTIMIZER, STATE)).collect(Collectors.toUnmodifiableSet());

    private static final Set<String> NAMES =
            Stream.concat(LISTED.stream(), Stream.of(Checksums.LIST)).collect(Collectors.toUnmodifiableSet());
    private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})");

    /** Those of a run in a folder, the newest first; whether they are whole is another question. */
    static List<RunCheckpoint> in(Path folder, String run) {
        return all(folder).stream()
                .filter(checkpoint -> checkpoint.holdsAny() && !checkpoint.isOfAnother(run))
                .toList();
    }

    /** All that has a checkpoint's name, the newest first. */
    static List<RunCheckpoint> all(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<RunCheckpoint> found = new ArrayList<>();
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                Matcher name = NAME.matcher(entry.getFileName().toString());
                if (name.matches()) {
                    found.add(new RunCheckpoint(entry, Long.parseLong(name.group(1))));
                }
            }
        } catch (IOException e) {
            throw InputException.unreadable(folder, "a folder of checkpoints", e);
        }
        found.sort(Comparator.comparingLong(RunCheckpoint::step).reversed());
        return found;
    }

    /** Clears up in a folder of checkpoints behind a process that was killed. */
    static void sweep(Path folder) {
        AtomicFolder.sweep(folder, name -> NAME.matcher(name).matches() ? NAMES : null);
    }

    /** Whether anything of a checkpoint is there: where one was removed, files that others put there stay. */
    private boolean holdsAny() {
        return NAMES.stream().anyMatch(name -> Files.exists(folder.resolve(name)));
    }

    /** Whether it says that it is this run's. */
    boolean isOf(String run) {
        String said = run();
        return said != null && said.equals(run);
    }

    /** Whether it is whole and says that it is some other run's; a damaged one is taken for the run's in whose folder it is. */
    boolean isOfAnother(String run) {
        String said = run.isEmpty() ? null : run();
        return said != null && !said.equals(run) && damage().isEmpty();
    }

    private @Nullable String run() {
        Path file = folder.resolve(STATE);
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try {
            return TrainingState.read(file).run();
        } catch (InputException e) {
            return null; // what cannot be read says nothing
        }
    }

    /**
     * Refuses a name under which {@link #write} could not put this.
     *
     * @throws InputException saying what is in the way
     */
    void checkReplaceable(String run) {
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            throw new InputException(folder + ": this is no folder; expected nothing where the run puts a checkpoint");
        }
        if (isOfAnother(run)) {
            throw new InputException(
                    folder + ": is another run's checkpoint; expected nothing where the run puts its own");
        }
        AtomicFolder.checkNames(folder, NAMES);
    }

    /** Removes its files, and the folder if nothing else is in it. */
    void remove() {
        AtomicFolder.remove(folder, NAMES);
    }

    /** The one of a step, whether it is there or not. */
    static RunCheckpoint of(Path folder, long step) {
        return new RunCheckpoint(folder.resolve(String.format(Locale.ROOT, "step-%08d", step)), step);
    }

    /**
     * Writes or replaces it.
     *
     * @throws InputException if that is not possible; then nothing has changed
     */
    void write(Adapter adapter, LossSettings losses, AdamW optimizer, TaskHeads heads, TrainingState state) {
        SafetensorsWriter tensors = new SafetensorsWriter();
        for (Parameter parameter : adapter.parameters().parameters()) {
            add(tensors, "m.", parameter, optimizer::readFirst);
        }
        for (Parameter parameter : adapter.parameters().parameters()) {
            add(tensors, "v.", parameter, optimizer::readSecond);
        }
        heads.counts().forEach((router, counts) -> {
            int tasks = heads.tasks().size();
            tensors.f32(COUNTS + router, new long[] {tasks, counts.length / tasks}, counts);
        });
        AtomicFolder.replace(folder, NAMES, part -> {
            adapter.saveInto(part, losses);
            tensors.write(part.resolve(OPTIMIZER));
            AtomicFile.write(part.resolve(STATE), JsonWriter.pretty(state.toJson()));
            Checksums.write(part, LISTED);
        });
    }

    /** Moments are read while they are written, a piece at a time: together they take twice the adapter. */
    private static void add(
            SafetensorsWriter tensors, String prefix, Parameter parameter, SafetensorsWriter.Values moments) {
        tensors.values(
                prefix + parameter.name(),
                StoredType.F32,
                shape(parameter),
                Pieces.MOST,
                (from, into) -> moments.read(parameter.from() + from, into));
    }

    private static long[] shape(Parameter parameter) {
        long[] shape = new long[parameter.shape().rank()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = parameter.shape().dim(i);
        }
        return shape;
    }

    /** What is wrong with it, in words that name the file; empty if it is whole. Files of others in it do no harm. */
    Optional<String> damage() {
        return Files.isDirectory(folder) ? Checksums.damage(folder, LISTED) : Optional.of("it is missing");
    }

    /**
     * How far the run was.
     *
     * @throws InputException if it cannot be read
     */
    TrainingState state() {
        return TrainingState.read(folder.resolve(STATE));
    }

    /**
     * Puts adapter, optimizer and heads where they were.
     *
     * @throws InputException if the checkpoint is another base's or another adapter's
     */
    void restore(LanguageModel model, Adapter adapter, AdamW optimizer, TaskHeads heads, TrainingState state) {
        try (Adapter saved = Adapter.load(folder, model.decoder())) {
            if (!saved.config().equals(adapter.config())) {
                throw new InputException(folder + ": the run trains " + saved.config()
                        + "; expected an adapter like it, not " + adapter.config());
            }
            adapter.set(saved);
        }
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(OPTIMIZER))) {
            float[] whole = new float[Pieces.MOST];
            for (Parameter parameter : adapter.parameters().parameters()) {
                String first = checked(file, "m." + parameter.name(), parameter);
                String second = checked(file, "v." + parameter.name(), parameter);
                Pieces.each(parameter.shape().size(), (from, m) -> {
                    float[] v = m.length == whole.length ? whole : new float[m.length];
                    file.readFloats(first, from, m);
                    file.readFloats(second, from, v);
                    optimizer.restore(parameter.from() + from, m, v);
                });
            }
            heads.restore(counts(file));
        }
        optimizer.restoreSteps(state.updates());
    }

    private static Map<String, float[]> counts(SafetensorsFile file) {
        Map<String, float[]> counts = new LinkedHashMap<>();
        for (String name : file.names()) {
            if (name.startsWith(COUNTS)) {
                counts.put(name.substring(COUNTS.length()), file.readFloats(name));
            }
        }
        return counts;
    }

    private static String checked(SafetensorsFile file, String name, Parameter parameter) {
        if (!file.info(name).hasShape(shape(parameter))) {
            throw new InputException(
                    file.file() + ": tensor " + file.info(name) + "; expected the shape " + parameter.shape());
        }
        return name;
    }
}
