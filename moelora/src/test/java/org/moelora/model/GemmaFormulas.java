package org.moelora.model;

import java.nio.file.Path;
import org.moelora.engine.io.Json;
import org.moelora.engine.io.JsonObject;
import org.moelora.engine.io.SafetensorsFile;

/**
 * Gemma 3 (Gemma Team 2025, arXiv 2503.19786) in double precision, one number after the other, from the file's own fields: shares no code with the decoder.
 */
final class GemmaFormulas {
    private final JsonObject config;
    private final Path weights;
    private final int hidden;
    private final int heads;
    private final int kvHeads;
    private final int headDim;

    GemmaFormulas(Path folder) {
        config = Json.read(folder.resolve("config.json"));
        weights = folder.resolve("model.safetensors");
        hidden = config.integer("hidden_size");
        heads = config.integer("num_attention_heads");
        kvHeads = config.integer("num_key_value_heads");
        headDim = config.integer("head_dim");
    }

    double[][] logits(int... ids) {
        try (SafetensorsFile file = SafetensorsFile.open(weights)) {
            double[] table = doubles(file, "model.embed_tokens.weight");
            double[][] x = new double[ids.length][hidden];
            for (int t = 0; t < ids.length; t++) {
                for (int i = 0; i < hidden; i++) {
                    x[t][i] = table[ids[t] * hidden + i] * Math.sqrt(hidden);
                }
            }
            for (int layer = 0; layer < config.integer("num_hidden_layers"); layer++) {
                String name = "model.layers." + layer + ".";
                double[][] attended = attention(file, name, layer, norms(file, name + "input_layernorm", x));
                add(x, norms(file, name + "post_attention_layernorm", attended));
                double[][] n = norms(file, name + "pre_feedforward_layernorm", x);
                double[][] gate = linear(file, name + "mlp.gate_proj", n);
                double[][] up = linear(file, name + "mlp.up_proj", n);
                for (int t = 0; t < gate.length; t++) {
                    for (int i = 0; i < gate[t].length; i++) {
                        double a = gate[t][i];
                        double z = Math.sqrt(2 / Math.PI) * (a + 0.044715 * a * a * a);
                        gate[t][i] = 0.5 * a * (1 + Math.tanh(z)) * up[t][i];
                    }
                }
                double[][] fed = linear(file, name + "mlp.down_proj", gate);
                add(x, norms(file, name + "post_feedforward_layernorm", fed));
            }
            double[][] last = norms(file, "model.norm", x);
            double[][] logits = new double[ids.length][];
            for (int t = 0; t < ids.length; t++) {
                logits[t] = times(table, last[t]);
            }
            return logits;
        }
    }

    private double[][] attention(SafetensorsFile file, String name, int layer, double[][] h) {
        boolean full = (layer + 1) % config.integer("sliding_window_pattern") == 0;
        double theta = full ? config.number("rope_theta") : config.number("rope_local_base_freq");
        int window = full ? Integer.MAX_VALUE : config.integer("sliding_window");
        double[][] q = turned(file, name + "self_attn.q", theta, h);
        double[][] k = turned(file, name + "self_attn.k", theta, h);
        double[][] v = linear(file, name + "self_attn.v_proj", h);
        double[][] out = new double[h.length][heads * headDim];
        for (int t = 0; t < h.length; t++) {
            for (int head = 0; head < heads; head++) {
                int kv = head / (heads / kvHeads);
                double sum = 0;
                for (int j = Math.max(0, t - (window - 1)); j <= t; j++) {
                    double score = 0;
                    for (int d = 0; d < headDim; d++) {
                        score += q[t][head * headDim + d] * k[j][kv * headDim + d];
                    }
                    double weight = Math.exp(score / Math.sqrt(config.number("query_pre_attn_scalar")));
                    sum += weight;
                    for (int d = 0; d < headDim; d++) {
                        out[t][head * headDim + d] += weight * v[j][kv * headDim + d];
                    }
                }
                for (int d = 0; d < headDim; d++) {
                    out[t][head * headDim + d] /= sum;
                }
            }
        }
        return linear(file, name + "self_attn.o_proj", out);
    }

    /** Queries or keys: each head normalised, then turned by its position. */
    private double[][] turned(SafetensorsFile file, String name, double theta, double[][] h) {
        double[][] x = linear(file, name + "_proj", h);
        double[] weight = doubles(file, name + "_norm.weight");
        int half = headDim / 2;
        for (int t = 0; t < x.length; t++) {
            for (int from = 0; from < x[t].length; from += headDim) {
                double[] head = new double[headDim];
                System.arraycopy(x[t], from, head, 0, headDim);
                head = norm(head, weight);
                for (int i = 0; i < half; i++) {
                    double angle = t * Math.pow(theta, -2.0 * i / headDim);
                    x[t][from + i] = head[i] * Math.cos(angle) - head[half + i] * Math.sin(angle);
                    x[t][from + half + i] = head[half + i] * Math.cos(angle) + head[i] * Math.sin(angle);
                }
            }
        }
        return x;
    }

    private double[][] norms(SafetensorsFile file, String name, double[][] x) {
        double[] weight = doubles(file, name + ".weight");
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            y[t] = norm(x[t], weight);
        }
        return y;
    }

    private double[] norm(double[] x, double[] weight) {
        double squares = 0;
        for (double value : x) {
            squares += value * value;
        }
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] / Math.sqrt(squares / x.length + config.number("rms_norm_eps")) * (1 + weight[i]);
        }
        return y;
    }

    private static double[][] linear(SafetensorsFile file, String name, double[][] x) {
        double[] w = doubles(file, name + ".weight");
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            y[t] = times(w, x[t]);
        }
        return y;
    }

    private static double[] times(double[] w, double[] x) {
        double[] y = new double[w.length / x.length];
        for (int o = 0; o < y.length; o++) {
            for (int i = 0; i < x.length; i++) {
                y[o] += w[o * x.length + i] * x[i];
            }
        }
        return y;
    }

    private static void add(double[][] x, double[][] y) {
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                x[t][i] += y[t][i];
            }
        }
    }

    private static double[] doubles(SafetensorsFile file, String name) {
        float[] values = file.readFloats(name);
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
