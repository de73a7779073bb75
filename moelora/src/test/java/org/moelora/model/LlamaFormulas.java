package org.moelora.model;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.SafetensorsFile;

/**
 * Llama, Mistral, Qwen2, Qwen3 and Phi-3 as published, in double precision, from the fields of config.json and the names of the tensors:
 * shares no code with the decoder.
 */
final class LlamaFormulas {
    private final JsonObject config;
    private final SafetensorsFile file;
    private final String family;
    private final int hidden;
    private final int headDim;
    private final double eps;

    private LlamaFormulas(JsonObject config, SafetensorsFile file) {
        this.config = config;
        this.file = file;
        family = config.string("model_type");
        hidden = config.integer("hidden_size");
        headDim = config.integer("head_dim", hidden / config.integer("num_attention_heads"));
        eps = config.number("rms_norm_eps");
    }

    static double[][] logits(Path folder, int... ids) {
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            return new LlamaFormulas(Json.read(folder.resolve("config.json")), file).logits(ids);
        }
    }

    private double[][] logits(int... ids) {
        double[] table = weight("model.embed_tokens");
        double[][] x = Doubles.rows(table, hidden, ids);
        for (int layer = 0; layer < config.integer("num_hidden_layers"); layer++) {
            String name = "model.layers." + layer + ".";
            Doubles.add(x, attention(name + "self_attn.", layer, normed(name + "input_layernorm", x)));
            Doubles.add(x, feedForward(name + "mlp.", normed(name + "post_attention_layernorm", x)));
        }
        double[][] last = normed("model.norm", x);
        return Doubles.linear(config.flag("tie_word_embeddings", false) ? table : weight("lm_head"), last);
    }

    private double[] weight(String name) {
        return Doubles.of(file, name + ".weight");
    }

    private double[][] normed(String name, double[][] x) {
        double[][] y = Doubles.copy(x);
        Doubles.rms(y, weight(name), eps);
        return y;
    }

    private double[][] attention(String name, int layer, double[][] h) {
        int queries = config.integer("num_attention_heads") * headDim;
        int keys = config.integer("num_key_value_heads") * headDim;
        double[][] q;
        double[][] k;
        double[][] v;
        if (family.equals("phi3")) { // one matrix: q, then k, then v
            double[][] all = Doubles.linear(weight(name + "qkv_proj"), h);
            q = Doubles.columns(all, 0, queries);
            k = Doubles.columns(all, queries, queries + keys);
            v = Doubles.columns(all, queries + keys, queries + 2 * keys);
        } else {
            q = biased(name + "q_proj", h);
            k = biased(name + "k_proj", h);
            v = biased(name + "v_proj", h);
        }
        if (family.equals("qwen3")) {
            Doubles.rms(q, weight(name + "q_norm"), eps);
            Doubles.rms(k, weight(name + "k_norm"), eps);
        }
        double[] frequencies = frequencies();
        Doubles.turn(q, frequencies);
        Doubles.turn(k, frequencies);
        double[][] out = Doubles.attention(q, k, v, headDim, 1 / Math.sqrt(headDim), window(layer));
        return Doubles.linear(weight(name + "o_proj"), out);
    }

    /** Qwen2 has biases on q, k and v whatever its config.json says. */
    private double[][] biased(String name, double[][] h) {
        double[][] y = Doubles.linear(weight(name), h);
        if (family.equals("qwen2")) {
            Doubles.add(y, Doubles.of(file, name + ".bias"));
        }
        return y;
    }

    /** Mistral and Phi-3 have a window on all layers, Qwen from a layer on and only if told to. */
    private @Nullable Integer window(int layer) {
        return switch (family) {
            case "mistral", "phi3" -> config.integer("sliding_window");
            case "qwen2", "qwen3" ->
                config.flag("use_sliding_window", false) && layer >= config.integer("max_window_layers")
                        ? config.integer("sliding_window")
                        : null;
            default -> null;
        };
    }

    /** With Llama 3's scaling: short waves stay, long ones are stretched, those between are a mixture of both. */
    private double[] frequencies() {
        double[] frequencies = Doubles.frequencies(config.number("rope_theta"), headDim);
        JsonObject scaling = config.objectOrNull("rope_scaling");
        if (scaling == null) {
            return frequencies;
        }
        double low = scaling.number("low_freq_factor");
        double high = scaling.number("high_freq_factor");
        for (int i = 0; i < frequencies.length; i++) {
            double waves = scaling.number("original_max_position_embeddings") * frequencies[i] / (2 * Math.PI);
            double kept = Math.clamp((waves - low) / (high - low), 0, 1);
            frequencies[i] *= kept + (1 - kept) / scaling.number("factor");
        }
        return frequencies;
    }

    private double[][] feedForward(String name, double[][] h) {
        int inter = config.integer("intermediate_size");
        double[][] gate;
        double[][] up;
        if (family.equals("phi3")) {
            double[][] both = Doubles.linear(weight(name + "gate_up_proj"), h);
            gate = Doubles.columns(both, 0, inter);
            up = Doubles.columns(both, inter, 2 * inter);
        } else {
            gate = Doubles.linear(weight(name + "gate_proj"), h);
            up = Doubles.linear(weight(name + "up_proj"), h);
        }
        for (int t = 0; t < gate.length; t++) {
            for (int i = 0; i < inter; i++) {
                up[t][i] *= Doubles.silu(gate[t][i]);
            }
        }
        return Doubles.linear(weight(name + "down_proj"), up);
    }
}
