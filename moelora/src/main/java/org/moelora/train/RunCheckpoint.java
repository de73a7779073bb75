package org.moelora.train;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LossSettings;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.io.AtomicFile;
import org.moelora.engine.io.AtomicFolder;
import org.moelora.engine.io.Checksums;
import org.moelora.engine.io.JsonWriter;
import org.moelora.engine.io.SafetensorsFile;
import org.moelora.engine.io.SafetensorsWriter;
import org.moelora.engine.optim.AdamW;
import org.moelora.model.LanguageModel;

/**
 * A run after some step, in a folder {@code step-00000120}: an adapter as {@link Adapter#load} reads it, {@code optimizer.safetensors} with the
 * moments {@code m.PARAMETER} and {@code v.PARAMETER}, {@code state.json}, and the {@link Checksums} of these. Written whole or not at all.
 *
 * @param step steps done
 */
record RunCheckpoint(Path folder, long step) {
    private static final String OPTIMIZER = "optimizer.safetensors";
    private static final String STATE = "state.json";
    private static final Set<String> NAMES =
            Set.of("adapter_config.json", "adapter_model.safetensors", OPTIMIZER, STATE, Checksums.LIST);
    private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})");

    /** All in a folder, the newest first; whether they are whole is another question. */
    static List<RunCheckpoint> in(Path folder) {
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

    /** The one of a step, whether it is there or not. */
    static RunCheckpoint of(Path folder, long step) {
        return new RunCheckpoint(folder.resolve(String.format(Locale.ROOT, "step-%08d", step)), step);
    }

    /**
     * Writes or replaces it.
     *
     * @throws InputException if that is not possible; then nothing has changed
     */
    void write(Adapter adapter, LossSettings losses, AdamW optimizer, TrainingState state) {
        SafetensorsWriter tensors = new SafetensorsWriter();
        float[][] moments = optimizer.moments();
        add(tensors, "m.", moments[0], adapter);
        add(tensors, "v.", moments[1], adapter);
        AtomicFolder.write(folder, NAMES, part -> {
            adapter.saveInto(part, losses);
            tensors.write(part.resolve(OPTIMIZER));
            AtomicFile.write(part.resolve(STATE), JsonWriter.pretty(state.toJson()));
            Checksums.write(part);
        });
    }

    private static void add(SafetensorsWriter tensors, String prefix, float[] moments, Adapter adapter) {
        MemorySegment all = MemorySegment.ofArray(moments);
        for (Parameter parameter : adapter.parameters().parameters()) {
            tensors.f32(
                    prefix + parameter.name(),
                    shape(parameter),
                    all.asSlice(
                            parameter.from() * Float.BYTES, parameter.shape().size() * Float.BYTES));
        }
    }

    private static long[] shape(Parameter parameter) {
        long[] shape = new long[parameter.shape().rank()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = parameter.shape().dim(i);
        }
        return shape;
    }

    /** What is wrong with it, in words that name the file; empty if it is whole. */
    Optional<String> damage() {
        return Files.isDirectory(folder) ? Checksums.damage(folder) : Optional.of("it is missing");
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
     * Puts adapter and optimizer where they were.
     *
     * @throws InputException if the checkpoint is another base's or another adapter's
     */
    void restore(LanguageModel model, Adapter adapter, AdamW optimizer, TrainingState state) {
        try (Adapter saved = Adapter.load(folder, model.decoder())) {
            if (!saved.config().equals(adapter.config())) {
                throw new InputException(folder + ": the run trains " + saved.config()
                        + "; expected an adapter like it, not " + adapter.config());
            }
            adapter.set(saved);
        }
        float[][] moments =
                new float[2][Math.toIntExact(adapter.parameters().values().length())];
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(OPTIMIZER))) {
            for (Parameter parameter : adapter.parameters().parameters()) {
                int from = Math.toIntExact(parameter.from());
                copy(file, "m." + parameter.name(), parameter, moments[0], from);
                copy(file, "v." + parameter.name(), parameter, moments[1], from);
            }
        }
        optimizer.restore(moments, state.updates());
    }

    private static void copy(SafetensorsFile file, String name, Parameter parameter, float[] all, int from) {
        if (!file.info(name).hasShape(shape(parameter))) {
            throw new InputException(
                    file.file() + ": tensor " + file.info(name) + "; expected the shape " + parameter.shape());
        }
        float[] part = file.readFloats(name);
        System.arraycopy(part, 0, all, from, part.length);
    }
}
