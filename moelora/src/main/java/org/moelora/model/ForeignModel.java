package org.moelora.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/** What was given as a model and is something else: named as what it is, with what to give instead. */
final class ForeignModel {
    private static final String FORM = "a Hugging Face folder with config.json and model.safetensors, or a GGUF file";
    private static final String PICKLE = "a checkpoint of PyTorch's, a pickle, which can run code when it is read";
    private static final String SAVED =
            "the model saved again by transformers' save_pretrained, which writes model.safetensors";
    private static final int MAGIC = 9;

    private ForeignModel() {}

    /** Refuses a file that is known to be something else than GGUF. */
    static void refuse(Path file) {
        byte[] start = start(file);
        if (begins(start, "GGUF")) {
            return;
        }
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (name.endsWith(".safetensors") || (start.length == MAGIC && start[8] == '{' && start[7] == 0)) {
            throw is(file, "weights without the rest of the model", "the folder that they are in, with config.json");
        }
        if (begins(start, "lmgg") || begins(start, "fmgg") || begins(start, "tjgg") || begins(start, "algg")) {
            throw is(file, "a file of GGML's before GGUF", "one converted again by llama.cpp's convert_hf_to_gguf.py");
        }
        if (begins(start, "PK\3\4") && name.endsWith(".zip")) {
            throw is(file, "an archive", "what is in it, unpacked: " + FORM);
        }
        boolean pickled = start.length > 1 && (start[0] & 0xFF) == 0x80 && start[1] >= 2 && start[1] <= 5;
        if (begins(start, "PK\3\4") || pickled || ends(name, ".pt", ".pth", ".bin", ".ckpt")) {
            throw is(file, PICKLE, "a folder with " + SAVED + ", or a GGUF file");
        }
        if (name.endsWith(".onnx")) {
            throw is(file, "a graph of ONNX", FORM);
        }
        if (begins(start, "\u0089HDF") || ends(name, ".h5", ".keras", ".msgpack", ".tflite", ".pb")) {
            throw is(file, "a checkpoint of TensorFlow's or JAX's", FORM);
        }
        if ((start.length > 1 && start[0] == 0x1F && (start[1] & 0xFF) == 0x8B) || ends(name, ".tar", ".7z", ".zst")) {
            throw is(file, "an archive", "what is in it, unpacked: " + FORM);
        }
        if (name.endsWith(".json")) {
            throw is(file, "one file of a model", "the folder that it is in");
        }
    }

    /** Refuses a folder without {@code config.json}, or without weights that are read. */
    static void refuseFolder(Path folder) {
        if (!has(folder, "config.json")) {
            refuseWithoutConfig(folder);
            return;
        }
        if (has(folder, Checkpoint.SINGLE) || has(folder, Checkpoint.INDEX)) {
            return;
        }
        for (String pickle : List.of("pytorch_model.bin", "pytorch_model.bin.index.json")) {
            if (has(folder, pickle)) {
                throw is(folder.resolve(pickle), PICKLE, SAVED + " beside it");
            }
        }
        for (String other : List.of("tf_model.h5", "flax_model.msgpack", "model.onnx", "onnx")) {
            if (has(folder, other)) {
                throw is(folder.resolve(other), "weights of another framework", SAVED + " beside it");
            }
        }
        String one = first(folder, ".safetensors");
        if (one != null) {
            throw new InputException(folder + ": its weights are in " + one + "; expected " + Checkpoint.SINGLE
                    + ", or " + Checkpoint.INDEX + " that names the files");
        }
    }

    private static void refuseWithoutConfig(Path folder) {
        if (has(folder, "adapter_config.json")) {
            throw is(folder, "an adapter", "the base model that it was made for, and this folder as its adapter");
        }
        if (has(folder, "run.json")) {
            throw is(folder, "a training run", "the base model that was trained, and the adapter in this folder");
        }
        String gguf = first(folder, ".gguf");
        if (gguf != null) {
            throw new InputException(
                    folder + ": there is no config.json, and there is " + gguf + "; expected the GGUF file's own path");
        }
        if (has(folder, "snapshots")) {
            throw is(folder, "a cache of downloads", "a folder inside its snapshots");
        }
        String consolidated = first(folder, ".pth");
        consolidated = consolidated == null ? first(folder, ".safetensors") : consolidated;
        if (has(folder, "params.json") && consolidated != null) {
            throw is(folder, "a checkpoint in its maker's own form", FORM);
        }
    }

    private static boolean has(Path folder, String name) {
        return Files.exists(folder.resolve(name));
    }

    /** The first file with such an ending, in the order of names, or null. */
    private static @Nullable String first(Path folder, String ending) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> name.endsWith(ending))
                    .sorted()
                    .findFirst()
                    .orElse(null);
        } catch (IOException e) {
            throw InputException.unreadable(folder, "a folder that can be listed", e);
        }
    }

    private static byte[] start(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(MAGIC);
        } catch (IOException e) {
            throw InputException.unreadable(file, "a GGUF file", e);
        }
    }

    private static boolean begins(byte[] start, String magic) {
        byte[] bytes = magic.getBytes(StandardCharsets.ISO_8859_1);
        return start.length >= bytes.length && Arrays.equals(start, 0, bytes.length, bytes, 0, bytes.length);
    }

    private static boolean ends(String name, String... endings) {
        return Stream.of(endings).anyMatch(name::endsWith);
    }

    private static InputException is(Path path, String what, String expected) {
        return new InputException(path + ": this is " + what + "; expected " + expected);
    }
}
