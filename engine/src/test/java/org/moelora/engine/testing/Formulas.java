package org.moelora.engine.testing;

import java.util.Arrays;

/** The ops' definitions in double precision, one element at a time, over flat row-major arrays. */
public final class Formulas {
    private Formulas() {}

    /** {@code y = x W^T + b}; b may be null. */
    public static double[] linear(double[] x, double[] w, double[] b, int in) {
        int rows = x.length / in;
        int out = w.length / in;
        double[] y = new double[rows * out];
        for (int t = 0; t < rows; t++) {
            for (int o = 0; o < out; o++) {
                double sum = b == null ? 0 : b[o];
                for (int i = 0; i < in; i++) {
                    sum += x[t * in + i] * w[o * in + i];
                }
                y[t * out + o] = sum;
            }
        }
        return y;
    }

    /** {@code y_to = y0_to + s sum_e g_te <B_e row o, u_te>}; no gate counts as ones. */
    public static double[] gatedUpdate(
            double[] y0, double[] u, double[] gate, double[] b, int tokens, int experts, int rank, double scale) {
        int width = experts * rank;
        int out = b.length / width;
        double[] y = y0.clone();
        for (int t = 0; t < tokens; t++) {
            for (int o = 0; o < out; o++) {
                for (int e = 0; e < experts; e++) {
                    double expert = 0;
                    for (int r = e * rank; r < (e + 1) * rank; r++) {
                        expert += u[t * width + r] * b[o * width + r];
                    }
                    y[t * out + o] += scale * (gate == null ? 1 : gate[t * experts + e]) * expert;
                }
            }
        }
        return y;
    }

    public static double[] rmsNorm(double[] x, double[] weight, double eps) {
        int n = weight.length;
        double[] y = new double[x.length];
        for (int t = 0; t < x.length / n; t++) {
            double squares = 0;
            for (int i = 0; i < n; i++) {
                squares += x[t * n + i] * x[t * n + i];
            }
            for (int i = 0; i < n; i++) {
                y[t * n + i] = x[t * n + i] / Math.sqrt(squares / n + eps) * weight[i];
            }
        }
        return y;
    }

    public static double[] layerNorm(double[] x, double[] weight, double[] bias, double eps) {
        int n = weight.length;
        double[] y = new double[x.length];
        for (int t = 0; t < x.length / n; t++) {
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < n; i++) {
                sum += x[t * n + i];
                squares += x[t * n + i] * x[t * n + i];
            }
            double variance = squares / n - sum / n * (sum / n);
            for (int i = 0; i < n; i++) {
                y[t * n + i] = (x[t * n + i] - sum / n) / Math.sqrt(variance + eps) * weight[i] + bias[i];
            }
        }
        return y;
    }

    /** By the exponential instead of the hyperbolic tangent: {@code (1 + tanh z) / 2 = 1 / (1 + exp(-2 z))}. */
    public static double[] gelu(double[] x) {
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x[i] + 0.044715 * Math.pow(x[i], 3))));
        }
        return y;
    }

    /** Columns {@code from .. from + width} of rows of {@code cols}. */
    public static double[] columns(double[] x, int cols, int from, int width) {
        double[] y = new double[x.length / cols * width];
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i / width * cols + from + i % width];
        }
        return y;
    }

    /** Features i and i + h of each head, as a complex number, turn by {@code position * frequency_i}. */
    public static double[] rope(double[] x, int[] positions, double[] frequencies, int heads) {
        int half = frequencies.length;
        double[] y = new double[x.length];
        for (int t = 0; t < positions.length; t++) {
            for (int h = 0; h < heads; h++) {
                int at = (t * heads + h) * 2 * half;
                for (int i = 0; i < half; i++) {
                    double radius = Math.hypot(x[at + i], x[at + half + i]);
                    double angle = Math.atan2(x[at + half + i], x[at + i]) + positions[t] * frequencies[i];
                    y[at + i] = radius * Math.cos(angle);
                    y[at + half + i] = radius * Math.sin(angle);
                }
            }
        }
        return y;
    }

    /**
     * Attention of the queries {@code from .. to} over {@code keys} key rows from row {@code keyFrom}; the last query stands at the last key.
     * Adds to o.
     */
    public static void attention(
            double[] q,
            double[] k,
            double[] v,
            double[] o,
            int heads,
            int kvHeads,
            int headDim,
            double scale,
            int from,
            int to,
            int keyFrom,
            int keys) {
        for (int i = from; i < to; i++) {
            int seen = keys - (to - from) + (i - from) + 1;
            for (int h = 0; h < heads; h++) {
                int kv = h / (heads / kvHeads);
                double[] p = new double[seen];
                for (int j = 0; j < seen; j++) {
                    for (int d = 0; d < headDim; d++) {
                        p[j] += scale
                                * q[(i * heads + h) * headDim + d]
                                * k[((keyFrom + j) * kvHeads + kv) * headDim + d];
                    }
                }
                p = softmax(p, seen);
                for (int j = 0; j < seen; j++) {
                    for (int d = 0; d < headDim; d++) {
                        o[(i * heads + h) * headDim + d] += p[j] * v[((keyFrom + j) * kvHeads + kv) * headDim + d];
                    }
                }
            }
        }
    }

    public static double[] softmax(double[] x, int cols) {
        double[] y = new double[x.length];
        for (int from = 0; from < x.length; from += cols) {
            double sum = 0;
            for (int i = from; i < from + cols; i++) {
                sum += Math.exp(x[i]);
            }
            for (int i = from; i < from + cols; i++) {
                y[i] = Math.exp(x[i]) / sum;
            }
        }
        return y;
    }

    public static double[] swiGlu(double[] gate, double[] up) {
        double[] y = new double[gate.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        return y;
    }

    public static double[] gather(double[] x, int[] ids, int cols) {
        double[] y = new double[ids.length * cols];
        for (int n = 0; n < ids.length; n++) {
            System.arraycopy(x, ids[n] * cols, y, n * cols, cols);
        }
        return y;
    }

    /** {@code log softmax(logits_n)_target} of each row. */
    public static double[] logProbabilities(double[] logits, int[] targets) {
        int classes = logits.length / targets.length;
        double[] p = softmax(logits, classes);
        double[] y = new double[targets.length];
        for (int n = 0; n < y.length; n++) {
            y[n] = Math.log(p[n * classes + targets[n]]);
        }
        return y;
    }

    public static double[] crossEntropy(double[] logits, int[] targets, double scale) {
        double sum = 0;
        for (double logProbability : logProbabilities(logits, targets)) {
            sum -= scale * logProbability;
        }
        return new double[] {sum};
    }

    /** The k largest of each row, by counting who is ahead: a larger value, or an equal one at a lower place. */
    public static boolean[] selected(double[] p, int experts, int k) {
        boolean[] selected = new boolean[p.length];
        for (int i = 0; i < p.length; i++) {
            int row = i / experts * experts;
            int ahead = 0;
            for (int j = row; j < row + experts; j++) {
                ahead += p[j] > p[i] || (p[j] == p[i] && j < i) ? 1 : 0;
            }
            selected[i] = ahead < k;
        }
        return selected;
    }

    public static double[] topK(double[] p, int experts, int k, boolean renormalise) {
        boolean[] selected = selected(p, experts, k);
        double[] g = new double[p.length];
        for (int i = 0; i < p.length; i++) {
            double sum = 0;
            for (int j = i / experts * experts; j < i / experts * experts + experts; j++) {
                sum += selected[j] ? p[j] : 0;
            }
            g[i] = selected[i] ? p[i] / (renormalise ? sum : 1) : 0;
        }
        return g;
    }

    public static double[] balance(double[] p, int[] selected, int experts) {
        int tokens = p.length / experts;
        double loss = 0;
        for (int expert : selected) {
            double mean = 0;
            for (int t = 0; t < tokens; t++) {
                mean += p[t * experts + expert] / tokens;
            }
            loss += mean / selected.length;
        }
        return new double[] {experts * loss};
    }

    /** {@code mean_t H(p_t) - H(mean_t p_t)}, entropy by entropy. */
    public static double[] mutualInformation(double[] p, int experts) {
        int tokens = p.length / experts;
        double[] mean = new double[experts];
        double loss = 0;
        for (int i = 0; i < p.length; i++) {
            mean[i % experts] += p[i] / tokens;
            loss -= p[i] * Math.log(p[i]) / tokens;
        }
        for (double share : mean) {
            loss += share * Math.log(share);
        }
        return new double[] {loss};
    }

    /**
     * The contrastive loss with the experts' outputs written out: {@code v_n = B_e u_te}, their directions compared by cosine.
     *
     * @param pairs indices into selected, the pairs that take part
     */
    public static double[] contrastive(
            double[] u, double[] b, int[] selected, int k, int[] pairs, int experts, int rank, double tau, double eps) {
        double[] ones = new double[u.length / rank];
        Arrays.fill(ones, 1);
        return contrastive(u, b, ones, selected, k, pairs, experts, rank, tau, eps);
    }

    /**
     * The same with outputs that count as much as their gates, which are divided by their mean over the pairs.
     *
     * @param g [T, E]
     */
    public static double[] contrastive(
            double[] u,
            double[] b,
            double[] g,
            int[] selected,
            int k,
            int[] pairs,
            int experts,
            int rank,
            double tau,
            double eps) {
        int width = experts * rank;
        int out = b.length / width;
        double[][] z = new double[pairs.length][out];
        int[] label = new int[pairs.length];
        double[] weight = new double[pairs.length];
        for (int n = 0; n < pairs.length; n++) {
            int token = pairs[n] / k;
            label[n] = selected[pairs[n]];
            weight[n] = g[token * experts + label[n]] < 1e-6 ? 0 : g[token * experts + label[n]];
            double squares = eps * eps;
            for (int o = 0; o < out; o++) {
                for (int r = label[n] * rank; r < (label[n] + 1) * rank; r++) {
                    z[n][o] += b[o * width + r] * u[token * width + r];
                }
                squares += z[n][o] * z[n][o];
            }
            for (int o = 0; o < out; o++) {
                z[n][o] /= Math.sqrt(squares);
            }
        }
        double mean = Arrays.stream(weight).filter(w -> w > 0).average().orElse(1);
        double sum = 0;
        double anchors = 0;
        for (int i = 0; i < pairs.length; i++) {
            double all = 0;
            double positives = 0;
            double anchor = 0;
            for (int a = 0; a < pairs.length; a++) {
                all += a == i ? 0 : weight[a] / mean * Math.exp(dot(z[i], z[a]) / tau);
                positives += a == i || label[a] != label[i] ? 0 : weight[a] / mean;
            }
            for (int p = 0; p < pairs.length; p++) {
                if (p != i && label[p] == label[i]) {
                    anchor -= weight[p] / mean * Math.log(Math.exp(dot(z[i], z[p]) / tau) / all);
                }
            }
            if (positives > 0) {
                sum += weight[i] / mean * anchor / positives;
                anchors += weight[i] / mean;
            }
        }
        return new double[] {anchors == 0 ? 0 : sum / anchors};
    }

    public static double[] sigmoid(double[] x) {
        return Arrays.stream(x).map(v -> 1 / (1 + Math.exp(-v))).toArray();
    }

    /** Each row n times beside itself. */
    public static double[] repeat(double[] x, int cols, int times) {
        double[] y = new double[x.length * times];
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i / (cols * times) * cols + i % cols];
        }
        return y;
    }

    /** What lies above the row's threshold, as a share of all that does; zeros where nothing does. */
    public static double[] threshold(double[] p, double[] tau, int experts) {
        double[] g = new double[p.length];
        for (int t = 0; t < tau.length; t++) {
            double sum = 0;
            for (int i = t * experts; i < (t + 1) * experts; i++) {
                sum += p[i] > tau[t] ? p[i] - tau[t] : 0;
            }
            for (int i = t * experts; i < (t + 1) * experts; i++) {
                g[i] = p[i] > tau[t] ? (p[i] - tau[t]) / sum : 0;
            }
        }
        return g;
    }

    /** The contrastive loss within tokens, with the outputs of all experts written out. */
    public static double[] tokenContrastive(
            double[] u, double[] b, int[] selected, int k, int experts, int rank, double tau, double eps) {
        int width = experts * rank;
        int out = b.length / width;
        int tokens = u.length / width;
        double loss = 0;
        for (int t = 0; t < tokens; t++) {
            double[][] z = new double[experts][out];
            boolean[] chosen = new boolean[experts];
            for (int i = 0; i < k; i++) {
                chosen[selected[t * k + i]] = true;
            }
            for (int e = 0; e < experts; e++) {
                for (int o = 0; o < out; o++) {
                    for (int r = e * rank; r < (e + 1) * rank; r++) {
                        z[e][o] += b[o * width + r] * u[t * width + r];
                    }
                }
                double norm = Math.sqrt(dot(z[e], z[e]) + eps * eps);
                for (int o = 0; o < out; o++) {
                    z[e][o] /= norm;
                }
            }
            for (int i = 0; i < experts; i++) {
                double negatives = 0;
                for (int a = 0; a < experts; a++) {
                    negatives += chosen[a] ? 0 : Math.exp(dot(z[i], z[a]) / tau);
                }
                for (int p = 0; p < experts; p++) {
                    if (chosen[i] && chosen[p] && p != i) {
                        double positive = Math.exp(dot(z[i], z[p]) / tau);
                        loss -= Math.log(positive / (positive + negatives)) / ((double) tokens * k * (k - 1));
                    }
                }
            }
        }
        return new double[] {loss};
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
