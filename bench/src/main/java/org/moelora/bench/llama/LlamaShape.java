package org.moelora.bench.llama;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.moelora.io.JsonWriter;
import org.moelora.io.SafetensorsWriter;

/**
 * A Llama with tied embeddings.
 *
 * @param headDim width of a head
 */
public record LlamaShape(int hidden, int inter, int layers, int heads, int kvHeads, int headDim, int vocabulary) {
    /** SmolLM-135M's. */
    public static final LlamaShape SMOLLM_135M = new LlamaShape(576, 1536, 30, 9, 3, 64, 49152);

    /** Two blocks of it and a tenth of the vocabulary, to see whether a program runs. */
    public static final LlamaShape QUICK = new LlamaShape(576, 1536, 2, 9, 3, 64, 4915);

    int queryWidth() {
        return heads * headDim;
    }

    int keyWidth() {
        return kvHeads * headDim;
    }

    /** Names and shapes of all tensors. */
    private Map<String, long[]> tensors() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new long[] {vocabulary, hidden});
        for (int i = 0; i < layers; i++) {
            String prefix = "model.layers." + i + ".";
            shapes.put(prefix + "self_attn.q_proj.weight", new long[] {queryWidth(), hidden});
            shapes.put(prefix + "self_attn.k_proj.weight", new long[] {keyWidth(), hidden});
            shapes.put(prefix + "self_attn.v_proj.weight", new long[] {keyWidth(), hidden});
            shapes.put(prefix + "self_attn.o_proj.weight", new long[] {hidden, queryWidth()});
            shapes.put(prefix + "mlp.gate_proj.weight", new long[] {inter, hidden});
            shapes.put(prefix + "mlp.up_proj.weight", new long[] {inter, hidden});
            shapes.put(prefix + "mlp.down_proj.weight", new long[] {hidden, inter});
            shapes.put(prefix + "input_layernorm.weight", new long[] {hidden});
            shapes.put(prefix + "post_attention_layernorm.weight", new long[] {hidden});
        }
        shapes.put("model.norm.weight", new long[] {hidden});
        return shapes;
    }

    private static long size(long[] shape) {
        long size = 1;
        for (long n : shape) {
            size *= n;
        }
        return size;
    }

    /** Numbers in all weights together. */
    public long parameters() {
        return tensors().values().stream().mapToLong(LlamaShape::size).sum();
    }

    /**
     * Writes a checkpoint in bf16: {@code config.json} and {@code model.safetensors}. Matrices are normal with deviation {@code 1 / sqrt(in)}, the
     * embedding with 0.5, norms one with a deviation of 0.05, so that logits and activations are of ordinary size.
     *
     * @param seed same seed, same bytes
     */
    public void write(Path folder, long seed) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("LlamaForCausalLM"));
        config.put("model_type", "llama");
        config.put("hidden_size", hidden);
        config.put("intermediate_size", inter);
        config.put("num_hidden_layers", layers);
        config.put("num_attention_heads", heads);
        config.put("num_key_value_heads", kvHeads);
        config.put("head_dim", headDim);
        config.put("vocab_size", vocabulary);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", 10000.0);
        config.put("max_position_embeddings", 2048);
        config.put("tie_word_embeddings", true);
        config.put("hidden_act", "silu");
        config.put("attention_bias", false);
        config.put("bos_token_id", 1);
        config.put("eos_token_id", 2);
        config.put("torch_dtype", "bfloat16");
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        try (Arena arena = Arena.ofConfined()) {
            tensors().forEach((name, shape) -> {
                MemorySegment values = arena.allocate(size(shape) * Float.BYTES, 64);
                double mean = shape.length == 1 ? 1 : 0;
                double deviation =
                        shape.length == 1 ? 0.05 : name.contains("embed") ? 0.5 : 1 / Math.sqrt((double) shape[1]);
                for (long i = 0; i < size(shape); i++) {
                    values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian(mean, deviation));
                }
                writer.bf16(name, shape, values);
            });
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), JsonWriter.pretty(config));
            writer.write(folder.resolve("model.safetensors"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
