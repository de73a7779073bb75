package org.moelora.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.moelora.engine.Quantizer;
import org.moelora.io.GgmlType;
import org.moelora.io.SafetensorsFile;
import org.moelora.kernels.DType;

/**
 * Writes a Hugging Face folder as the GGUF file that llama.cpp's conversion makes of it: other names, sizes innermost first, linears as [out, in], Gemma's
 * norms with their 1, rows of Llama's queries and keys paired.
 */
public final class GgufOf {
    private static final int ALIGNMENT = 32;
    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    private final ByteArrayOutputStream keys = new ByteArrayOutputStream();
    private int keyCount;

    private GgufOf() {}

    private record Written(String name, long[] shape, float[] values) {}

    /** All in F32. */
    public static Path folder(
            Path folder, Path file, String architecture, Map<String, Object> keys, List<String[]> names)
            throws IOException {
        return folder(folder, file, architecture, keys, names, GgmlType.F32);
    }

    /**
     * @param names pairs of patterns and what to replace them by, applied to names in the folder
     * @param matrices F32, or the blocks that matrices are made whose rows they divide
     */
    static Path folder(
            Path folder,
            Path file,
            String architecture,
            Map<String, Object> keys,
            List<String[]> names,
            GgmlType matrices)
            throws IOException {
        GgufOf gguf = new GgufOf();
        gguf.key("general.architecture", architecture);
        for (var key : keys.entrySet()) {
            gguf.key(key.getKey(), key.getValue());
        }
        DecoderConfig config = DecoderConfig.read(folder.resolve("config.json"));
        List<Written> tensors = new ArrayList<>();
        try (SafetensorsFile weights = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            for (String name : weights.names()) {
                String renamed = name;
                for (String[] pair : names) {
                    renamed = renamed.replaceAll(pair[0], pair[1]);
                }
                tensors.add(
                        stored(architecture, config, renamed, weights.info(name).shape(), weights.readFloats(name)));
            }
        }
        gguf.write(file, tensors, matrices);
        return file;
    }

    private static Written stored(
            String architecture, DecoderConfig config, String name, long[] shape, float[] values) {
        if (architecture.equals("gemma3") && name.contains("norm")) {
            for (int i = 0; i < values.length; i++) {
                values[i] += 1;
            }
        }
        boolean conv = architecture.equals("gpt2") && shape.length == 2 && name.startsWith("blk");
        if (conv) {
            int in = (int) shape[0];
            int out = (int) shape[1];
            float[] turned = new float[values.length];
            for (int i = 0; i < in; i++) {
                for (int o = 0; o < out; o++) {
                    turned[o * in + i] = values[i * out + o];
                }
            }
            return new Written(name, new long[] {out, in}, turned);
        }
        if (architecture.equals("llama") && name.matches(".*attn_[qk]\\.weight")) {
            return new Written(name, shape, paired(values, config.headDim(), config.hiddenSize()));
        }
        return new Written(name, shape, values);
    }

    /** Row i of a head's first half becomes row 2i, of its second half row 2i + 1. */
    private static float[] paired(float[] values, int headDim, int cols) {
        float[] result = new float[values.length];
        int half = headDim / 2;
        for (int row = 0; row < values.length / cols; row++) {
            int i = row % headDim;
            int to = row - i + (i < half ? 2 * i : 2 * (i - half) + 1);
            System.arraycopy(values, row * cols, result, to * cols, cols);
        }
        return result;
    }

    private void key(String name, Object value) {
        text(keys, name);
        switch (value) {
            case String text -> {
                keys.writeBytes(ints(STRING));
                text(keys, text);
            }
            case Integer number -> keys.writeBytes(ints(UINT32, number));
            case Float number -> keys.writeBytes(ints(FLOAT32, Float.floatToRawIntBits(number)));
            case int[] numbers -> {
                array(INT32, numbers.length);
                keys.writeBytes(ints(numbers));
            }
            case float[] numbers -> {
                array(FLOAT32, numbers.length);
                for (float number : numbers) {
                    keys.writeBytes(ints(Float.floatToRawIntBits(number)));
                }
            }
            case String[] texts -> {
                array(STRING, texts.length);
                for (String text : texts) {
                    text(keys, text);
                }
            }
            default -> throw new IllegalArgumentException(value + " is of no type that is written here");
        }
        keyCount++;
    }

    private void array(int type, int length) {
        keys.writeBytes(ints(ARRAY, type));
        keys.writeBytes(longs(length));
    }

    private void write(Path file, List<Written> tensors, GgmlType matrices) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(ints(3));
        out.writeBytes(longs(tensors.size(), keyCount));
        out.writeBytes(keys.toByteArray());
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (Written tensor : tensors) {
            text(out, tensor.name);
            out.writeBytes(ints(tensor.shape.length));
            for (int i = tensor.shape.length - 1; i >= 0; i--) {
                out.writeBytes(longs(tensor.shape[i]));
            }
            GgmlType type = tensor.shape.length == 2 && tensor.shape[1] % 32 == 0 ? matrices : GgmlType.F32;
            out.writeBytes(ints(type == GgmlType.F32 ? 0 : type == GgmlType.Q8_0 ? 8 : 2)); // and Q4_0
            out.writeBytes(longs(data.size()));
            ByteBuffer floats =
                    ByteBuffer.allocate(tensor.values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            floats.asFloatBuffer().put(tensor.values);
            data.writeBytes(type == GgmlType.F32 ? floats.array() : blocks(floats.array(), type));
            pad(data);
        }
        pad(out);
        out.writeBytes(data.toByteArray());
        Files.write(file, out.toByteArray());
    }

    private static byte[] blocks(byte[] floats, GgmlType type) {
        DType dtype = Objects.requireNonNull(type.dtype());
        long n = floats.length / Float.BYTES;
        byte[] blocks = new byte[(int) dtype.bytes(n)];
        Quantizer.quantize(MemorySegment.ofArray(floats), DType.F32, n, dtype, MemorySegment.ofArray(blocks));
        return blocks;
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % ALIGNMENT != 0) {
            out.write(0);
        }
    }

    private static void text(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeBytes(longs(bytes.length));
        out.writeBytes(bytes);
    }

    private static byte[] ints(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putInt(value);
        }
        return bytes.array();
    }

    private static byte[] longs(long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (long value : values) {
            bytes.putLong(value);
        }
        return bytes.array();
    }
}
