package org.moelora.model;

import java.nio.file.Path;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.SafetensorsFile;

/**
 * Gemma 3 (Gemma Team 2025, arXiv 2503.19786) in double precision, from the file's own fields: shares no code with the decoder.
 */
final class GemmaFormulas {
    private final JsonObject config;
    private final Path weights;
    private final int hidden;
    private final int headDim;

    GemmaFormulas(Path folder) {
        config = Json.read(folder.resolve("config.json"));
        weights = folder.resolve("model.safetensors");
        hidden = config.integer("hidden_size");
        headDim = config.integer("head_dim");
    }

    double[][] logits(int... ids) {
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            double[] table = Doubles.of(file, "model.embed_tokens.weight");
            double[][] x = Doubles.rows(table, hidden, ids);
            for (double[] row : x) {
                for (int i = 0; i < hidden; i++) {
                    row[i] *= Math.sqrt(hidden);
                }
            }
            for (int layer = 0; layer < config.integer("num_hidden_layers"); layer++) {
                String name = "model.layers." + layer + ".";
                double[][] attended = attention(file, name, layer, normed(file, name + "input_layernorm", x));
                Doubles.add(x, normed(file, name + "post_attention_layernorm", attended));
                double[][] n = normed(file, name + "pre_feedforward_layernorm", x);
                double[][] gate = linear(file, name + "mlp.gate_proj", n);
                double[][] up = linear(file, name + "mlp.up_proj", n);
                for (int t = 0; t < gate.length; t++) {
                    for (int i = 0; i < gate[t].length; i++) {
                        gate[t][i] = Doubles.gelu(gate[t][i]) * up[t][i];
                    }
                }
                double[][] fed = linear(file, name + "mlp.down_proj", gate);
                Doubles.add(x, normed(file, name + "post_feedforward_layernorm", fed));
            }
            return Doubles.linear(table, normed(file, "model.norm", x));
        }
    }

    private double[][] attention(SafetensorsFile file, String name, int layer, double[][] h) {
        boolean full = (layer + 1) % config.integer("sliding_window_pattern") == 0;
        double theta = full ? config.number("rope_theta") : config.number("rope_local_base_freq");
        double[][] q = turned(file, name + "self_attn.q", theta, h);
        double[][] k = turned(file, name + "self_attn.k", theta, h);
        double[][] v = linear(file, name + "self_attn.v_proj", h);
        double scale = 1 / Math.sqrt(config.number("query_pre_attn_scalar"));
        Integer window = full ? null : Integer.valueOf(config.integer("sliding_window"));
        return linear(file, name + "self_attn.o_proj", Doubles.attention(q, k, v, headDim, scale, window));
    }

    /** Queries or keys: each head normalised, then turned by its position. */
    private double[][] turned(SafetensorsFile file, String name, double theta, double[][] h) {
        double[][] x = linear(file, name + "_proj", h);
        norm(file, name + "_norm", x);
        Doubles.turn(x, Doubles.frequencies(theta, headDim));
        return x;
    }

    private double[][] normed(SafetensorsFile file, String name, double[][] x) {
        double[][] y = Doubles.copy(x);
        norm(file, name, y);
        return y;
    }

    private void norm(SafetensorsFile file, String name, double[][] x) {
        double[] weight = Doubles.of(file, name + ".weight");
        for (int i = 0; i < weight.length; i++) {
            weight[i] += 1;
        }
        Doubles.rms(x, weight, config.number("rms_norm_eps"));
    }

    private static double[][] linear(SafetensorsFile file, String name, double[][] x) {
        return Doubles.linear(Doubles.of(file, name + ".weight"), x);
    }
}
