package org.moelora.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;

/**
 * Everything a decoder multiplies with, under Hugging Face's names.
 *
 * @param embedding {@code model.embed_tokens.weight} [vocabulary, hidden]
 * @param blocks bottom to top
 * @param norm {@code model.norm.weight} [hidden]
 * @param head {@code lm_head.weight} [vocabulary, hidden], or the embedding again
 */
record Weights(Weight embedding, List<Block> blocks, Tensor norm, Weight head) {
    /** One of a block's seven linears. */
    record LinearWeight(
            String name, Weight weight, @Nullable Tensor bias) {}

    /** One block: attention and feed-forward, each behind its norm. */
    record Block(
            Tensor inputNorm,
            LinearWeight q,
            LinearWeight k,
            LinearWeight v,
            LinearWeight o,
            Tensor postNorm,
            LinearWeight gate,
            LinearWeight up,
            LinearWeight down) {}

    /** Where weights come from: a checkpoint, or a block of parameters. */
    interface Source {
        /** A matrix [rows, cols]. */
        Weight matrix(String name, int rows, int cols);

        /** A vector [size]. */
        Tensor vector(String name, int size);
    }

    /** Names and shapes of all weights, in the order of the forward pass. */
    static Map<String, int[]> shapes(DecoderConfig config) {
        int hidden = config.hiddenSize();
        int inter = config.intermediateSize();
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new int[] {config.vocabularySize(), hidden});
        for (int i = 0; i < config.layers(); i++) {
            String prefix = "model.layers." + i + ".";
            shapes.put(prefix + "input_layernorm.weight", new int[] {hidden});
            linear(shapes, prefix + "self_attn.q_proj", config.queryWidth(), hidden, config.attentionBias());
            linear(shapes, prefix + "self_attn.k_proj", config.keyWidth(), hidden, config.attentionBias());
            linear(shapes, prefix + "self_attn.v_proj", config.keyWidth(), hidden, config.attentionBias());
            linear(shapes, prefix + "self_attn.o_proj", hidden, config.queryWidth(), config.outputBias());
            shapes.put(prefix + "post_attention_layernorm.weight", new int[] {hidden});
            linear(shapes, prefix + "mlp.gate_proj", inter, hidden, false);
            linear(shapes, prefix + "mlp.up_proj", inter, hidden, false);
            linear(shapes, prefix + "mlp.down_proj", hidden, inter, false);
        }
        shapes.put("model.norm.weight", new int[] {hidden});
        if (!config.tiedEmbeddings()) {
            shapes.put("lm_head.weight", new int[] {config.vocabularySize(), hidden});
        }
        return shapes;
    }

    private static void linear(Map<String, int[]> shapes, String name, int out, int in, boolean bias) {
        shapes.put(name + ".weight", new int[] {out, in});
        if (bias) {
            shapes.put(name + ".bias", new int[] {out});
        }
    }

    static Weights of(DecoderConfig config, Source source) {
        Map<String, int[]> shapes = shapes(config);
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            String prefix = "model.layers." + i + ".";
            Function<String, LinearWeight> linear = name -> new LinearWeight(
                    prefix + name,
                    matrix(source, shapes, prefix + name + ".weight"),
                    shapes.containsKey(prefix + name + ".bias")
                            ? vector(source, shapes, prefix + name + ".bias")
                            : null);
            blocks.add(new Block(
                    vector(source, shapes, prefix + "input_layernorm.weight"),
                    linear.apply("self_attn.q_proj"),
                    linear.apply("self_attn.k_proj"),
                    linear.apply("self_attn.v_proj"),
                    linear.apply("self_attn.o_proj"),
                    vector(source, shapes, prefix + "post_attention_layernorm.weight"),
                    linear.apply("mlp.gate_proj"),
                    linear.apply("mlp.up_proj"),
                    linear.apply("mlp.down_proj")));
        }
        Weight embedding = matrix(source, shapes, "model.embed_tokens.weight");
        Tensor norm = vector(source, shapes, "model.norm.weight");
        Weight head = config.tiedEmbeddings() ? embedding : matrix(source, shapes, "lm_head.weight");
        return new Weights(embedding, List.copyOf(blocks), norm, head);
    }

    private static Weight matrix(Source source, Map<String, int[]> shapes, String name) {
        int[] shape = Objects.requireNonNull(shapes.get(name));
        return source.matrix(name, shape[0], shape[1]);
    }

    private static Tensor vector(Source source, Map<String, int[]> shapes, String name) {
        return source.vector(name, Objects.requireNonNull(shapes.get(name))[0]);
    }
}
