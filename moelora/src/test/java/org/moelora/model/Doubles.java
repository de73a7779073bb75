package org.moelora.model;

import org.jspecify.annotations.Nullable;
import org.moelora.io.SafetensorsFile;

/** What decoders are made of, in double precision and one number after the other. Rows are [tokens, width]. */
final class Doubles {
    private Doubles() {}

    static double[] of(SafetensorsFile file, String name) {
        float[] values = file.readFloats(name);
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    /** Row id of a table, for each id. */
    static double[][] rows(double[] table, int width, int... ids) {
        double[][] x = new double[ids.length][width];
        for (int t = 0; t < ids.length; t++) {
            System.arraycopy(table, ids[t] * width, x[t], 0, width);
        }
        return x;
    }

    /** {@code y = x W^T}, with W as [out, in]. */
    static double[][] linear(double[] w, double[][] x) {
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

    static void add(double[][] x, double[][] y) {
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < x[t].length; i++) {
                x[t][i] += y[t][i];
            }
        }
    }

    /** One vector onto each row. */
    static void add(double[][] x, double[] bias) {
        for (double[] row : x) {
            for (int i = 0; i < row.length; i++) {
                row[i] += bias[i];
            }
        }
    }

    /** {@code x / sqrt(mean(x^2) + eps) * weight}, over each piece of that width. */
    static void rms(double[][] x, double[] weight, double eps) {
        for (double[] row : x) {
            for (int from = 0; from < row.length; from += weight.length) {
                double squares = 0;
                for (int i = 0; i < weight.length; i++) {
                    squares += row[from + i] * row[from + i];
                }
                for (int i = 0; i < weight.length; i++) {
                    row[from + i] *= weight[i] / Math.sqrt(squares / weight.length + eps);
                }
            }
        }
    }

    /** Rotary positions in each head, halves apart: pair (i, i + d/2) of the token t is turned by t * frequencies[i]. */
    static void turn(double[][] x, double[] frequencies) {
        int half = frequencies.length;
        for (int t = 0; t < x.length; t++) {
            for (int from = 0; from < x[t].length; from += 2 * half) {
                for (int i = 0; i < half; i++) {
                    double cos = Math.cos(t * frequencies[i]);
                    double sin = Math.sin(t * frequencies[i]);
                    double a = x[t][from + i];
                    double b = x[t][from + half + i];
                    x[t][from + i] = a * cos - b * sin;
                    x[t][from + half + i] = b * cos + a * sin;
                }
            }
        }
    }

    /** {@code theta^(-2i/d)}. */
    static double[] frequencies(double theta, int headDim) {
        double[] frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(theta, -2.0 * i / headDim);
        }
        return frequencies;
    }

    /**
     * {@code softmax(scale q k^T) v}: a token sees itself and what stands before it, within the window.
     *
     * @param window how many tokens one sees, itself among them; null for all
     */
    static double[][] attention(
            double[][] q, double[][] k, double[][] v, int headDim, double scale, @Nullable Integer window) {
        int shared = q[0].length / k[0].length; // query heads of one key and value head
        double[][] out = new double[q.length][q[0].length];
        for (int t = 0; t < q.length; t++) {
            for (int from = 0; from < q[t].length; from += headDim) {
                int kv = from / headDim / shared * headDim;
                double sum = 0;
                for (int j = window == null ? 0 : Math.max(0, t - (window - 1)); j <= t; j++) {
                    double score = 0;
                    for (int d = 0; d < headDim; d++) {
                        score += q[t][from + d] * k[j][kv + d];
                    }
                    double weight = Math.exp(score * scale);
                    sum += weight;
                    for (int d = 0; d < headDim; d++) {
                        out[t][from + d] += weight * v[j][kv + d];
                    }
                }
                for (int d = 0; d < headDim; d++) {
                    out[t][from + d] /= sum;
                }
            }
        }
        return out;
    }

    /** GELU by tanh. */
    static double gelu(double a) {
        return 0.5 * a * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a * a * a)));
    }

    static double silu(double a) {
        return a / (1 + Math.exp(-a));
    }

    static double[][] columns(double[][] x, int from, int to) {
        double[][] y = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            y[t] = java.util.Arrays.copyOfRange(x[t], from, to);
        }
        return y;
    }

    static double[][] copy(double[][] x) {
        return columns(x, 0, x[0].length);
    }
}
