package org.moelora.learn;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A mixture of LoRA experts beside one frozen linear, in one file of plain arrays: forward, both losses, the backward pass by hand, AdamW, and
 * two tasks that contradict each other. The names are those of docs/method.md, where each formula is derived: T tokens, E experts of rank r, k of
 * them chosen per token, {@code s = alpha / r}; matrices are {@code [rows, cols]}; {@code dx} is the gradient of the loss with respect to x.
 */
public final class MoeLora {
    /** The weights of the two losses, the temperature of the contrastive one, and the decay of A and B. */
    public static final double BALANCE = 0.01, CONTRAST = 0.01, TAU = 0.1, DECAY = 0.01;

    private static final double EPS = 1e-6; // keeps the length of an output of zero from being a divisor

    public final int experts, k, rank;
    public final double s;
    /** The base, {@code [out, in]}: frozen. */
    public final double[][] w0;
    /** What learns: A_1 to A_E stacked {@code [E r, in]}, B_1 to B_E side by side {@code [out, E r]}, the router {@code [E, in]}. */
    public final double[][] a, b, wg;
    /** The gradients of the last step. */
    public double[][] dx = {}, da = {}, db = {}, dwg = {};
    /** What the last step computed: probabilities and gates {@code [T, E]}, and {@code y [T, out]}. */
    public double[][] p = {}, g = {}, y = {};
    /** The losses of the last step, the last one their weighted sum. */
    public double lm, balance, contrast, loss;
    /** The weights of the two losses. */
    public double balanceWeight = BALANCE, contrastWeight = CONTRAST;

    private final double[][][] moments; // of AdamW: m and v of a, b and wg
    private int steps;

    /** B begins at zero, so the first forward pass is exactly the base's. */
    public MoeLora(double[][] w0, int experts, int k, int rank, double alpha, Random random) {
        this.experts = experts;
        this.k = k;
        this.rank = rank;
        this.w0 = w0;
        s = alpha / rank;
        int in = w0[0].length, out = w0.length;
        a = normal(experts * rank, in, 1 / Math.sqrt(in), random);
        b = new double[out][experts * rank];
        wg = normal(experts, in, 0.02, random);
        moments = new double[6][][];
        double[][][] learns = {a, b, wg};
        for (int i = 0; i < 6; i++) {
            moments[i] = new double[learns[i / 2].length][learns[i / 2][0].length];
        }
    }

    /** One step: the losses of tokens {@code x [T, in]} that should be answered by {@code target [T]}, and all gradients. */
    public void forwardAndBackward(double[][] x, int[] target) {
        int tokens = x.length, out = w0.length;
        // ---- forward
        double[][] u = timesTransposed(x, a); // U = x A^T  [T, E r]
        p = softmax(timesTransposed(x, wg)); // p_t = softmax(W_g x_t)  [T, E]
        int[][] chosen = new int[tokens][]; // S_t, the k largest of p_t  [T, k]
        double[] z = new double[tokens]; // Z_t = sum_{e in S_t} p_te
        g = new double[tokens][experts]; // g_te = p_te / Z_t for e in S_t, else 0
        double[][] v = new double[tokens][experts * rank]; // V = U .* expand(g)  [T, E r]
        for (int t = 0; t < tokens; t++) {
            chosen[t] = topK(p[t], k);
            for (int e : chosen[t]) {
                z[t] += p[t][e];
            }
            for (int e : chosen[t]) {
                g[t][e] = p[t][e] / z[t];
                for (int i = e * rank; i < (e + 1) * rank; i++) {
                    v[t][i] = g[t][e] * u[t][i];
                }
            }
        }
        y = plus(timesTransposed(x, w0), s, timesTransposed(v, b)); // y = x W0^T + s V B^T  [T, out]

        // L_lm = mean_t -log softmax(y_t)[target_t]
        double[][] dy = softmax(y);
        lm = 0;
        for (int t = 0; t < tokens; t++) {
            lm -= StrictMath.log(dy[t][target[t]]) / tokens;
            dy[t][target[t]] -= 1; // dy_t = (softmax(y_t) - onehot(target_t)) / T
            for (int o = 0; o < out; o++) {
                dy[t][o] /= tokens;
            }
        }
        // L_bal = E sum_e f_e P_e: f_e the share of the T k choices that went to e, P_e the mean of p_te
        double[] f = new double[experts];
        balance = 0;
        for (int t = 0; t < tokens; t++) {
            for (int e : chosen[t]) {
                f[e] += 1.0 / (tokens * k);
            }
        }
        for (int t = 0; t < tokens; t++) {
            for (int e = 0; e < experts; e++) {
                balance += experts * f[e] * p[t][e] / tokens;
            }
        }

        // ---- backward: each line is the derivative of one above, in reverse
        db = times(s, transposed(dy), v); // dB = s dy^T V  [out, E r]
        double[][] dv = times(s, dy, b); // dV = s dy B  [T, E r]
        double[][] du = new double[tokens][experts * rank];
        double[][] dl = new double[tokens][experts]; // of the router's logits W_g x
        for (int t = 0; t < tokens; t++) {
            double[] dg = new double[experts];
            double mean = 0;
            for (int e : chosen[t]) {
                for (int i = e * rank; i < (e + 1) * rank; i++) {
                    du[t][i] = g[t][e] * dv[t][i]; // dU_te = g_te dV_te
                    dg[e] += dv[t][i] * u[t][i]; // dg_te = <dV_te, u_te>
                }
                mean += g[t][e] * dg[e];
            }
            double[] dp = new double[experts];
            for (int e : chosen[t]) {
                dp[e] = (dg[e] - mean) / z[t]; // the choice itself has no gradient
            }
            double dot = 0;
            for (int e = 0; e < experts; e++) {
                dp[e] += balanceWeight * experts * f[e] / tokens; // f counts, and has no gradient
                dot += p[t][e] * dp[e];
            }
            for (int e = 0; e < experts; e++) {
                dl[t][e] = p[t][e] * (dp[e] - dot); // softmax's derivative
            }
        }
        contrast = contrast(u, chosen, du);
        loss = lm + balanceWeight * balance + contrastWeight * contrast;
        da = times(1, transposed(du), x); // dA = dU^T x  [E r, in]
        dwg = times(1, transposed(dl), x); // dW_g = dl^T x  [E, in]
        dx = plus(plus(times(1, dy, w0), 1, times(1, du, a)), 1, times(1, dl, wg)); // what a layer below would need
    }

    /**
     * L_con over the N = T k pairs i = (t, e), with {@code v_i = B_e u_te} and P(i) the other pairs of the same expert: the mean over i with P(i) not
     * empty of {@code -1/|P(i)| sum_{j in P(i)} log(exp(cos_ij / tau) / sum_{a != i} exp(cos_ia / tau))}. Adds its gradients to du and db.
     */
    private double contrast(double[][] u, int[][] chosen, double[][] du) {
        int n = u.length * k, out = b.length;
        double[][] vs = new double[n][out], cos = new double[n][n], c = new double[n][n];
        double[] length = new double[n];
        for (int i = 0; i < n; i++) {
            int e = chosen[i / k][i % k];
            for (int o = 0; o < out; o++) {
                for (int j = e * rank; j < (e + 1) * rank; j++) {
                    vs[i][o] += b[o][j] * u[i / k][j];
                }
            }
            length[i] = Math.sqrt(dot(vs[i], vs[i]) + EPS * EPS);
        }
        int anchors = 0;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            int friends = -1;
            double all = 0;
            for (int j = 0; j < n; j++) {
                cos[i][j] = dot(vs[i], vs[j]) / (length[i] * length[j]);
                all += j == i ? 0 : StrictMath.exp((cos[i][j] - 1) / TAU);
                friends += chosen[i / k][i % k] == chosen[j / k][j % k] ? 1 : 0;
            }
            for (int j = 0; j < n && friends > 0; j++) {
                if (j != i) {
                    double q = StrictMath.exp((cos[i][j] - 1) / TAU) / all;
                    double wanted = chosen[i / k][i % k] == chosen[j / k][j % k] ? 1.0 / friends : 0;
                    sum -= wanted * StrictMath.log(q);
                    c[i][j] += (q - wanted) / TAU; // G = dL / dcos, and C = G + G^T
                    c[j][i] += (q - wanted) / TAU;
                }
            }
            anchors += friends > 0 ? 1 : 0;
        }
        for (int i = 0; i < n && anchors > 0; i++) {
            int e = chosen[i / k][i % k];
            for (int o = 0; o < out; o++) {
                double dvs = 0; // dv_i = sum_j C_ij (v_j / (n_i n_j) - cos_ij v_i / n_i^2)
                for (int j = 0; j < n; j++) {
                    dvs += c[i][j] * (vs[j][o] / length[j] - cos[i][j] * vs[i][o] / length[i]) / length[i];
                }
                dvs *= contrastWeight / anchors;
                for (int j = e * rank; j < (e + 1) * rank; j++) { // v_i = B_e u_te
                    du[i / k][j] += dvs * b[o][j];
                    db[o][j] += dvs * u[i / k][j];
                }
            }
        }
        return anchors == 0 ? 0 : sum / anchors;
    }

    /** AdamW: the gradient's mean over the root of its mean square. Decay does not reach the router. */
    public void update(double rate) {
        steps++;
        double[][][] learns = {a, b, wg}, gradients = {da, db, dwg};
        double bias1 = 1 - StrictMath.pow(0.9, steps), bias2 = 1 - StrictMath.pow(0.999, steps);
        for (int l = 0; l < 3; l++) {
            double[][] w = learns[l], dw = gradients[l], m = moments[2 * l], sq = moments[2 * l + 1];
            for (int i = 0; i < w.length; i++) {
                for (int j = 0; j < w[i].length; j++) {
                    m[i][j] = 0.9 * m[i][j] + 0.1 * dw[i][j];
                    sq[i][j] = 0.999 * sq[i][j] + 0.001 * dw[i][j] * dw[i][j];
                    w[i][j] -= rate * (l == 2 ? 0 : DECAY) * w[i][j];
                    w[i][j] -= rate * (m[i][j] / bias1) / (Math.sqrt(sq[i][j] / bias2) + 1e-8);
                }
            }
        }
    }

    // ---- the toy: a base that repeats its symbol, and two tasks that want different answers to the same one

    /** One token per task and symbol: x is one-hot in the symbol and one-hot in the task, {@code [16, 10]}. */
    public static double[][] tokens() {
        double[][] x = new double[16][10];
        for (int t = 0; t < 16; t++) {
            x[t][t % 8] = 1;
            x[t][8 + t / 8] = 1;
        }
        return x;
    }

    /** What each token should be answered by: the first eight by the next symbol, the others by the mirrored one. */
    public static int[] answers() {
        return ("bcdefgha" + "hgfedcba").chars().map("abcdefgh"::indexOf).toArray();
    }

    /** {@code y = 2 x} in the symbols: the base says again what it hears. */
    public static double[][] copying() {
        double[][] w0 = new double[8][10];
        for (int o = 0; o < 8; o++) {
            w0[o][o] = 2;
        }
        return w0;
    }

    /** How many tokens have their answer as the largest logit. */
    public int right(int[] target) {
        int right = 0;
        for (int t = 0; t < target.length; t++) {
            right += topK(y[t], 1)[0] == target[t] ? 1 : 0;
        }
        return right;
    }

    /** Trains a mixture and a single LoRA of as many parameters, and prints both. */
    public static void main(String[] args) {
        double[][] x = tokens();
        int[] target = answers();
        MoeLora mixture = new MoeLora(copying(), 4, 2, 2, 4, new Random(5));
        MoeLora lora = new MoeLora(copying(), 1, 1, 8, 16, new Random(5)); // one expert has the gate 1
        System.out.println("step    mixture: loss = lm + 0.01 balance + 0.01 contrast, right    LoRA: lm, right");
        for (int step = 0; step <= 400; step++) {
            mixture.forwardAndBackward(x, target);
            lora.forwardAndBackward(x, target);
            if (step % 50 == 0) {
                System.out.printf(
                        Locale.ROOT,
                        "%4d    %.4f   %.4f   %.4f   %.4f   %2d of 16      %.4f   %2d of 16%n",
                        step,
                        mixture.loss,
                        mixture.lm,
                        mixture.balance,
                        mixture.contrast,
                        mixture.right(target),
                        lora.lm,
                        lora.right(target));
            }
            mixture.update(0.02);
            lora.update(0.02);
        }
        System.out.println("%nwho is routed where, in percent of a task's gates   e0   e1   e2   e3".formatted());
        for (int task = 0; task < 2; task++) {
            StringBuilder row = new StringBuilder(task == 0 ? "next  " : "mirror");
            for (int e = 0; e < mixture.experts; e++) {
                double share = 0;
                for (int t = 8 * task; t < 8 * task + 8; t++) {
                    share += mixture.g[t][e] / 8;
                }
                row.append(String.format(Locale.ROOT, "%5.0f", 100 * share));
            }
            System.out.println(row);
        }
    }

    // ---- matrices

    /** {@code x w^T}. */
    static double[][] timesTransposed(double[][] x, double[][] w) {
        double[][] y = new double[x.length][w.length];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < w.length; o++) {
                y[t][o] = dot(x[t], w[o]);
            }
        }
        return y;
    }

    static double[][] transposed(double[][] x) {
        double[][] y = new double[x[0].length][x.length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < y.length; j++) {
                y[j][i] = x[i][j];
            }
        }
        return y;
    }

    /** {@code s x w}. */
    static double[][] times(double s, double[][] x, double[][] w) {
        return plus(new double[x.length][w[0].length], s, timesTransposed(x, transposed(w)));
    }

    /** {@code x + s y}. */
    static double[][] plus(double[][] x, double s, double[][] y) {
        double[][] z = new double[x.length][x[0].length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < z[i].length; j++) {
                z[i][j] = x[i][j] + s * y[i][j];
            }
        }
        return z;
    }

    static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    /** {@code p_te = exp(l_te) / sum_f exp(l_tf)}, with the largest taken from all so that no exp overflows. */
    static double[][] softmax(double[][] l) {
        double[][] p = new double[l.length][l[0].length];
        for (int t = 0; t < l.length; t++) {
            double most = Arrays.stream(l[t]).max().orElseThrow(), sum = 0;
            for (int e = 0; e < p[t].length; e++) {
                p[t][e] = StrictMath.exp(l[t][e] - most);
                sum += p[t][e];
            }
            for (int e = 0; e < p[t].length; e++) {
                p[t][e] /= sum;
            }
        }
        return p;
    }

    /** The k largest in ascending order of index; of equals the lower. */
    static int[] topK(double[] p, int k) {
        return IntStream.range(0, p.length)
                .boxed()
                .sorted(Comparator.comparingDouble(e -> -p[e])) // stable
                .limit(k)
                .mapToInt(e -> e)
                .sorted()
                .toArray();
    }

    static double[][] normal(int rows, int cols, double deviation, Random random) {
        double[][] x = new double[rows][cols];
        for (double[] row : x) {
            Arrays.setAll(row, i -> deviation * random.nextGaussian());
        }
        return x;
    }
}
