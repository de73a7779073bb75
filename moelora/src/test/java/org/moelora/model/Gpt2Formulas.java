package org.moelora.model;

import java.nio.file.Path;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.SafetensorsFile;

/** GPT-2 (Radford et al. 2019) in double precision: learned positions, LayerNorm, matrices stored as [in, out], GELU by tanh. Shares no code with the decoder. */
final class Gpt2Formulas {
    private final JsonObject config;
    private final SafetensorsFile file;
    private final int hidden;

    private Gpt2Formulas(JsonObject config, SafetensorsFile file) {
        this.config = config;
        this.file = file;
        hidden = config.integer("n_embd");
    }

    static double[][] logits(Path folder, int... ids) {
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
            return new Gpt2Formulas(Json.read(folder.resolve("config.json")), file).logits(ids);
        }
    }

    private double[][] logits(int... ids) {
        double[] table = Doubles.of(file, "transformer.wte.weight");
        double[] positions = Doubles.of(file, "transformer.wpe.weight");
        double[][] x = Doubles.rows(table, hidden, ids);
        for (int t = 0; t < ids.length; t++) {
            for (int i = 0; i < hidden; i++) {
                x[t][i] += positions[t * hidden + i];
            }
        }
        for (int layer = 0; layer < config.integer("n_layer"); layer++) {
            String name = "transformer.h." + layer + ".";
            double[][] all = conv1d(name + "attn.c_attn", normed(name + "ln_1", x));
            double[][] out = Doubles.attention(
                    Doubles.columns(all, 0, hidden),
                    Doubles.columns(all, hidden, 2 * hidden),
                    Doubles.columns(all, 2 * hidden, 3 * hidden),
                    hidden / config.integer("n_head"),
                    1 / Math.sqrt((double) hidden / config.integer("n_head")),
                    null);
            Doubles.add(x, conv1d(name + "attn.c_proj", out));
            double[][] fed = conv1d(name + "mlp.c_fc", normed(name + "ln_2", x));
            for (double[] row : fed) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = Doubles.gelu(row[i]);
                }
            }
            Doubles.add(x, conv1d(name + "mlp.c_proj", fed));
        }
        return Doubles.linear(table, normed("transformer.ln_f", x));
    }

    private double[][] normed(String name, double[][] x) {
        double[] weight = Doubles.of(file, name + ".weight");
        double[] bias = Doubles.of(file, name + ".bias");
        double[][] y = new double[x.length][hidden];
        for (int t = 0; t < x.length; t++) {
            double mean = 0;
            for (double value : x[t]) {
                mean += value / hidden;
            }
            double variance = 0;
            for (double value : x[t]) {
                variance += (value - mean) * (value - mean) / hidden;
            }
            for (int i = 0; i < hidden; i++) {
                y[t][i] = (x[t][i] - mean) / Math.sqrt(variance + config.number("layer_norm_epsilon")) * weight[i]
                        + bias[i];
            }
        }
        return y;
    }

    /** {@code y = x W + b}, with W as [in, out]. */
    private double[][] conv1d(String name, double[][] x) {
        double[] w = Doubles.of(file, name + ".weight");
        double[] bias = Doubles.of(file, name + ".bias");
        double[][] y = new double[x.length][bias.length];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < bias.length; o++) {
                y[t][o] = bias[o];
                for (int i = 0; i < x[t].length; i++) {
                    y[t][o] += x[t][i] * w[i * bias.length + o];
                }
            }
        }
        return y;
    }
}
