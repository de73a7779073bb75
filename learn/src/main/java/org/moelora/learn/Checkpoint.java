package org.moelora.learn;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The bundled model's files, read with the JDK alone. A safetensors file is eight bytes that say how long the header is, the header, which is
 * JSON with each tensor's shape and place, and then the numbers. bfloat16 is the upper half of a float32. For this model only: the engine's
 * {@code SafetensorsFile} checks what it reads.
 */
final class Checkpoint {
    private final ByteBuffer bytes;
    private final String header;
    private final int dataAt;
    private final String tokenizer;

    Checkpoint(Path folder) {
        try {
            bytes = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("model.safetensors")))
                    .order(ByteOrder.LITTLE_ENDIAN);
            int length = Math.toIntExact(bytes.getLong(0));
            header = new String(bytes.array(), 8, length, StandardCharsets.UTF_8);
            dataAt = 8 + length;
            tokenizer = Files.readString(folder.resolve("tokenizer.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A tensor of bfloat16, {@code [rows, cols]}, or {@code [1, cols]} of one dimension. */
    double[][] read(String name) {
        Matcher place = Pattern.compile("\"" + Pattern.quote(name)
                        + "\":\\{\"dtype\":\"BF16\",\"shape\":\\[(?:(\\d+),)?(\\d+)\\],\"data_offsets\":\\[(\\d+)")
                .matcher(header);
        if (!place.find()) {
            throw new IllegalArgumentException("the checkpoint has no tensor " + name + " of bfloat16");
        }
        int rows = place.group(1) == null ? 1 : Integer.parseInt(place.group(1));
        int at = dataAt + Integer.parseInt(place.group(3));
        double[][] values = new double[rows][Integer.parseInt(place.group(2))];
        for (double[] row : values) {
            for (int i = 0; i < row.length; i++, at += 2) {
                row[i] = Float.intBitsToFloat(bytes.getShort(at) << 16);
            }
        }
        return values;
    }

    /** Block number {@code layer}. */
    TinyLlama block(int layer) {
        String at = "model.layers." + layer + ".";
        return new TinyLlama(
                new TinyLlama.Shape(6, 3, 32, 1e-5, 10000),
                new TinyLlama.Weights(
                        read(at + "input_layernorm.weight"),
                        read(at + "self_attn.q_proj.weight"),
                        read(at + "self_attn.k_proj.weight"),
                        read(at + "self_attn.v_proj.weight"),
                        read(at + "self_attn.o_proj.weight"),
                        read(at + "post_attention_layernorm.weight"),
                        read(at + "mlp.gate_proj.weight"),
                        read(at + "mlp.up_proj.weight"),
                        read(at + "mlp.down_proj.weight")));
    }

    /** The model's end: of each row of {@code x [T, d]}, norm and {@code logits = x E^T}, E being the table of embeddings again. */
    double[][] logits(double[][] x) {
        double[][] normed = new TinyLlama(new TinyLlama.Shape(6, 3, 32, 1e-5, 10000), EMPTY)
                .rmsNorm(x, read("model.norm.weight")[0]);
        return MoeLora.timesTransposed(normed, read("model.embed_tokens.weight"));
    }

    private static final double[][] NONE = {};
    private static final TinyLlama.Weights EMPTY =
            new TinyLlama.Weights(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE);

    /** Ids of pieces, each of which is a token as it stands; a space before it is written {@code Ġ} in the file. */
    int[] ids(List<String> pieces) {
        List<Integer> ids = new ArrayList<>();
        for (String piece : pieces) {
            String written = piece.replace(" ", "Ġ").replace("\n", "Ċ");
            Matcher id = Pattern.compile("\n +\"" + Pattern.quote(written) + "\": (\\d+)")
                    .matcher(tokenizer);
            if (!id.find()) {
                throw new IllegalArgumentException("'" + piece + "' is no token of the bundled model");
            }
            ids.add(Integer.parseInt(id.group(1)));
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    /** What a token says. */
    String piece(int id) {
        Matcher piece = Pattern.compile("\n +\"(.*)\": " + id + "[,\n]").matcher(tokenizer);
        return piece.find() ? piece.group(1).replace("Ġ", " ").replace("Ċ", "\n") : "";
    }
}
