package org.moelora.model;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.moelora.io.SafetensorsWriter;
import org.moelora.io.StoredType;

/** A small checkpoint of a family, made of random numbers. */
final class RandomCheckpoint {
    private static final Map<String, String> CONFIGS =
            Map.of("llama", """
            {"model_type": "llama", "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2, "vocab_size": 31,
             "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "eos_token_id": 2}""", "phi3", """
            {"model_type": "phi3", "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2, "vocab_size": 31,
             "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "sliding_window": 4}""", "gemma3_text", """
            {"model_type": "gemma3_text", "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2,
             "vocab_size": 31, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6,
             "max_position_embeddings": 64, "sliding_window": 4, "sliding_window_pattern": 2,
             "query_pre_attn_scalar": 9}""", "gpt2", """
            {"model_type": "gpt2", "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 12, "vocab_size": 31}""", "qwen3", """
            {"model_type": "qwen3", "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2,
             "vocab_size": 31, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6,
             "max_position_embeddings": 64, "use_sliding_window": true, "sliding_window": 3, "max_window_layers": 1}""");

    private RandomCheckpoint() {}

    static Path write(Path folder, String family) throws IOException {
        return write(folder, CONFIGS.get(family), StoredType.F32);
    }

    /** With this config.json, and weights of that type: F32, BF16 or F16. */
    static Path write(Path folder, String json, StoredType type) throws IOException {
        return write(folder, json, type, 7);
    }

    /**
     * With something else in its configuration, and numbers of its own.
     *
     * @param text of the configuration that is replaced
     */
    static Path write(Path folder, String family, String text, String by, int seed) throws IOException {
        return write(folder, CONFIGS.get(family).replace(text, by), StoredType.F32, seed);
    }

    private static Path write(Path folder, String json, StoredType type, int seed) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), json);
        DecoderConfig config = DecoderConfig.read(folder.resolve("config.json"));
        SafetensorsWriter weights = new SafetensorsWriter();
        Random random = new Random(seed);
        Weights.stored(config).forEach((name, stored) -> {
            float[] values = new float[(int) size(stored.storedShape())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian() * 0.2f + (name.contains("norm.weight") ? 1 : 0);
            }
            weights.bytes(name, type, stored.storedShape(), MemorySegment.ofArray(bytes(values, type)));
        });
        weights.write(folder.resolve("model.safetensors"));
        return folder;
    }

    /** bfloat16 by cutting off: what is stored is all that counts. */
    private static byte[] bytes(float[] values, StoredType type) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * (type == StoredType.F32 ? Float.BYTES : Short.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            switch (type) {
                case F32 -> bytes.putFloat(value);
                case BF16 -> bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
                case F16 -> bytes.putShort(Float.floatToFloat16(value));
                default -> throw new IllegalArgumentException("weights are not of type " + type);
            }
        }
        return bytes.array();
    }

    static long size(long[] shape) {
        long size = 1;
        for (long dim : shape) {
            size *= dim;
        }
        return size;
    }
}
