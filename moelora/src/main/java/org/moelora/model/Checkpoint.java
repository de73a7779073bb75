package org.moelora.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.moelora.engine.InputException;
import org.moelora.io.FolderFile;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.TensorInfo;
import org.moelora.kernels.DType;

/**
 * The weights of a Hugging Face folder, mapped read-only: one {@code model.safetensors}, or several named by
 * {@code model.safetensors.index.json}. Immutable and safe for use by several threads until it is closed.
 */
final class Checkpoint implements WeightFiles {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    /** Each is mapped as long as the model is open, and a process may have only so many mappings. */
    private static final int MAX_FILES = 4096;

    /** Tables that follow from the sizes, which older versions of transformers saved: frequencies of rope, and GPT-2's mask. */
    private static final Pattern BUFFER =
            Pattern.compile("(.*\\.)?rotary_emb\\.inv_freq|(.*\\.)?h\\.\\d+\\.attn\\.(masked_)?bias");

    private final List<SafetensorsFile> files = new ArrayList<>();
    private final Map<String, SafetensorsFile> home = new TreeMap<>();
    private final Path folder;

    private Checkpoint(Path folder) {
        this.folder = folder;
    }

    /**
     * @throws InputException if a file is missing or malformed, or two files hold the same tensor
     */
    static Checkpoint open(Path folder) {
        Checkpoint checkpoint = new Checkpoint(folder);
        try {
            for (Path file : filesOf(folder)) {
                SafetensorsFile opened = SafetensorsFile.open(file);
                checkpoint.files.add(opened);
                for (String name : opened.names()) {
                    if (checkpoint.home.putIfAbsent(name, opened) != null) {
                        throw new InputException(
                                file + ": tensor " + name + " is in another file too; expected each tensor once");
                    }
                }
            }
            return checkpoint;
        } catch (RuntimeException | Error e) {
            checkpoint.close();
            throw e;
        }
    }

    private static List<Path> filesOf(Path folder) {
        Path single = FolderFile.of(folder, SINGLE);
        Path index = FolderFile.of(folder, INDEX);
        if (Files.exists(single)) {
            return List.of(single);
        }
        if (!Files.exists(index)) {
            throw new InputException(folder + ": expected " + SINGLE + " or " + INDEX);
        }
        JsonObject map = Json.read(index).object("weight_map");
        Set<Path> files = new LinkedHashSet<>();
        for (String tensor : map.names()) {
            String name = map.string(tensor);
            if (!FolderFile.isName(name)) {
                throw map.error(tensor, "a file name in the same folder");
            }
            files.add(FolderFile.of(folder, name));
            if (files.size() > MAX_FILES) {
                throw new InputException(index + ": more than " + MAX_FILES + " files; expected at most as many");
            }
        }
        return List.copyOf(files);
    }

    /** The files, in the order the index names them. */
    List<SafetensorsFile> files() {
        return Collections.unmodifiableList(files);
    }

    /** Whether an index says which file holds which tensor. */
    boolean indexed() {
        return files.size() != 1 || !files.getFirst().file().endsWith(SINGLE);
    }

    @Override
    public Path source() {
        return folder;
    }

    /**
     * What the file calls a tensor: the name itself, or the name without its first part, which checkpoints that were saved without the last linear leave
     * out ({@code h.0.ln_1.weight} for {@code transformer.h.0.ln_1.weight}).
     */
    String nameOf(String name) {
        String rest = name.substring(name.indexOf('.') + 1);
        return !home.containsKey(name) && home.containsKey(rest) ? rest : name;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(home.keySet());
    }

    @Override
    public String nameOf(Weights.Stored stored) {
        return nameOf(stored.name());
    }

    @Override
    public boolean isHarmless(String name) {
        return BUFFER.matcher(name).matches();
    }

    /** Whether two tensors are there and hold the same numbers; empty if one of them is not there. */
    Optional<Boolean> same(String one, String other) {
        String first = nameOf(one);
        String second = nameOf(other);
        SafetensorsFile of = home.get(first);
        SafetensorsFile and = home.get(second);
        if (of == null || and == null) {
            return Optional.empty();
        }
        return Optional.of(of.info(first).type() == and.info(second).type()
                && Arrays.equals(of.info(first).shape(), and.info(second).shape())
                && of.segment(first).mismatch(and.segment(second)) < 0);
    }

    /**
     * The file that holds a tensor of exactly this shape.
     *
     * @throws InputException if there is none, or its shape differs from what config.json asks for
     */
    SafetensorsFile fileOf(String name, long... shape) {
        String found = nameOf(name);
        SafetensorsFile file = home.get(found);
        if (file == null) {
            throw new InputException(folder + ": tensor " + name + " is missing; expected it with the shape "
                    + Arrays.toString(shape) + " by config.json");
        }
        long[] there = file.info(found).shape();
        if (!Arrays.equals(there, shape)) {
            throw new InputException(file.file() + ": tensor " + found + " has the shape " + Arrays.toString(there)
                    + "; expected " + Arrays.toString(shape) + " by config.json");
        }
        return file;
    }

    @Override
    public void check(Weights.Stored stored) {
        fileOf(stored.name(), stored.storedShape());
    }

    @Override
    public Matrix matrix(Weights.Stored stored) {
        long[] shape = stored.storedShape();
        SafetensorsFile file = fileOf(stored.name(), shape);
        String name = nameOf(stored.name());
        DType dtype = switch (file.info(name).type().name()) {
            case "F32" -> DType.F32;
            case "BF16" -> DType.BF16;
            case "F16" -> DType.F16;
            default ->
                throw new InputException(file.file() + ": tensor " + name + " has the format "
                        + file.info(name).type() + "; expected F32, BF16 or F16");
        };
        return new Matrix(
                file.file() + ": tensor " + name,
                file.segment(name),
                dtype,
                Math.toIntExact(shape[0]),
                Math.toIntExact(shape[1]),
                stored.transposed());
    }

    @Override
    public float[] vector(Weights.Stored stored) {
        float[] values = fileOf(stored.name(), stored.storedShape()).readFloats(nameOf(stored.name()));
        if (stored.plusOne()) {
            for (int i = 0; i < values.length; i++) {
                values[i] += 1;
            }
        }
        return values;
    }

    @Override
    public String hash() {
        TensorHash hash = new TensorHash();
        for (var entry : home.entrySet()) {
            TensorInfo info = entry.getValue().info(entry.getKey());
            hash.add(
                    entry.getKey() + " " + info.type() + " " + Arrays.toString(info.shape()),
                    entry.getValue().segment(entry.getKey()));
        }
        return hash.value();
    }

    @Override
    public void checkWhole() {
        files.forEach(SafetensorsFile::checkWhole);
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
