package org.moelora.eval;

import java.util.Arrays;
import org.moelora.adapter.Routing;

/**
 * How the tokens of one linear share its experts, added up while batches go by. The share of token t that goes to expert e is {@code w_te = g_te / sum_f g_tf}:
 * a token that has no expert, as under a threshold, counts for none.
 */
final class GateCounts {
    private static final double LN2 = Math.log(2);

    private final double[][] byTask;
    private final double[] load;
    private final long[] decisions;
    private double entropy;
    private long tokens;
    private double shared;

    /**
     * @param tasks A
     * @param experts E
     */
    GateCounts(int tasks, int experts) {
        byTask = new double[tasks][experts];
        load = new double[experts];
        decisions = new long[tasks];
    }

    /** {@code w} [T, E]: each token's gates, divided by their sum; zeros where it is 0. */
    static double[] shares(Routing routing) {
        int experts = routing.gate().shape().cols();
        float[] g = routing.gate().toArray();
        double[] w = new double[g.length];
        for (int row = 0; row < g.length; row += experts) {
            double sum = 0;
            for (int i = row; i < row + experts; i++) {
                sum += g[i];
            }
            for (int i = row; i < row + experts && sum > 0; i++) {
                w[i] = g[i] / sum;
            }
        }
        return w;
    }

    /**
     * @param starts [rows + 1] first token of each row, and T
     * @param taskOf index of each row's task, -1 for a row without one
     * @param w of {@link #shares}
     * @param p the router's probabilities [T, E]
     */
    void add(int[] starts, int[] taskOf, double[] w, float[] p) {
        for (int row = 0; row < taskOf.length; row++) {
            add(taskOf[row], starts[row], starts[row + 1], w);
        }
        for (float each : p) {
            entropy -= each > 0 ? each * Math.log(each) / LN2 : 0;
        }
    }

    private void add(int task, int from, int to, double[] w) {
        int experts = load.length;
        boolean one = true;
        for (int t = from; t < to; t++) {
            for (int e = 0; e < experts; e++) {
                double share = w[t * experts + e];
                load[e] += share;
                shared += share;
                if (task >= 0) {
                    byTask[task][e] += share;
                }
                one &= share == w[from * experts + e];
            }
        }
        tokens += to - from;
        if (task >= 0) {
            decisions[task] += one ? 1 : to - from;
        }
    }

    /** Each expert's part of all shares, [E]; their sum is 1. */
    double[] load() {
        return normalised(load, shared);
    }

    /** The mean over tokens of {@code H(p_t)}, in bits. */
    double entropy() {
        return entropy / tokens;
    }

    /** {@code q(e | a)} [A, E]: each expert's part of the shares of a task's tokens. */
    double[][] sharesByTask() {
        return Arrays.stream(byTask)
                .map(task -> normalised(task, Arrays.stream(task).sum()))
                .toArray(double[][]::new);
    }

    private static double[] normalised(double[] mass, double sum) {
        return Arrays.stream(mass).map(each -> sum > 0 ? each / sum : 0).toArray();
    }

    /**
     * {@code I = sum_ae q_ae log2(q_ae / (q_a q_e))} with {@code q_ae = q(e | a) / A}, so that every task weighs the same however many rows it has.
     */
    double information() {
        double[][] given = sharesByTask();
        double information = 0;
        for (int e = 0; e < load.length; e++) {
            double mean = 0;
            for (double[] task : given) {
                mean += task[e] / given.length;
            }
            for (double[] task : given) {
                information += task[e] > 0 ? task[e] / given.length * Math.log(task[e] / mean) / LN2 : 0;
            }
        }
        return Math.max(0, information);
    }

    /**
     * What {@link #information} comes to by chance alone, on average, if no expert depends on the task: {@code (A - 1) (E - 1) / (2 N ln 2)}, where N is the
     * number of decisions, {@code A^2 / sum_a 1 / N_a} if tasks have different numbers of them. A row whose tokens all have the same gates is one
     * decision, another one is as many as it has tokens.
     */
    double bias() {
        int tasks = decisions.length;
        double inverse = 0;
        for (long count : decisions) {
            inverse += 1.0 / count;
        }
        double n = tasks * (double) tasks / inverse;
        return (tasks - 1) * (load.length - 1.0) / (2 * n * LN2);
    }
}
