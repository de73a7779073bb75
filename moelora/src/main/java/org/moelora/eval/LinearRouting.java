package org.moelora.eval;

import java.util.Arrays;
import org.moelora.adapter.LinearSite;

/**
 * How one linear's router shares its experts, and how much they differ. The share of token t that goes to expert e is {@code w_te = g_te / sum_f g_tf}, with
 * the gates g that the layer computes with: so gates over all experts, gates of a few and gates that are decided once per row are measured alike.
 * Expert e of one linear has nothing to do with expert e of another.
 *
 * @param site the linear
 * @param router the linear whose router chooses: this one, or the first that reads the same input where linears share it, and then all numbers that are
 *     about choices alone are the same for them
 * @param experts E
 * @param rank r of one expert
 * @param information {@code I(task; expert) = sum_ae q_ae log2(q_ae / (q_a q_e))} in bits, with {@code q_ae = q(e | a) / A}: from 0, if the task says nothing
 *     about the expert, to the smaller of log2 A and log2 E; NaN with fewer than two tasks
 * @param untrained the same of the router as it was before training; NaN with fewer than two tasks
 * @param bias what {@code information} comes to by chance alone if no expert depends on the task, {@code (A - 1) (E - 1) / (2 N ln 2)} with N
 *     decisions (rows, where all tokens of a row have the same gates; else tokens); NaN with fewer than two tasks
 * @param entropy mean over tokens of H(p_t) in bits, 0 to log2 E
 * @param load each expert's part of all tokens' shares, [E]
 * @param within mean cosine between an expert's outputs for different tokens, [E]; NaN for one with fewer than two outputs other than zero
 * @param between mean cosine between outputs of different experts for the same token; NaN if no token has two outputs other than zero
 * @param effectiveRanks {@code exp(H(s / sum s))} of the singular values s of each expert's outputs, [E], 1 to r; NaN for one whose outputs are zero
 * @param shares {@code q(e | a)} [A, E], each expert's part of the shares of a task's tokens, in the order of {@link RoutingReport#tasks}
 */
public record LinearRouting(
        LinearSite site,
        LinearSite router,
        int experts,
        int rank,
        double information,
        double untrained,
        double bias,
        double entropy,
        double[] load,
        double[] within,
        double between,
        double[] effectiveRanks,
        double[][] shares) {
    /** The mean of {@link #within} over experts, by their load; NaN if none has a value. */
    public double meanWithin() {
        return byLoad(within);
    }

    /** The mean of {@link #effectiveRanks} over experts, by their load; NaN if none has a value. */
    public double meanEffectiveRank() {
        return byLoad(effectiveRanks);
    }

    /** The part of the expert with the most. */
    public double highestLoad() {
        return Arrays.stream(load).max().orElse(Double.NaN);
    }

    /** The part of the expert with the least. */
    public double lowestLoad() {
        return Arrays.stream(load).min().orElse(Double.NaN);
    }

    private double byLoad(double[] values) {
        double sum = 0;
        double weights = 0;
        for (int e = 0; e < values.length; e++) {
            if (!Double.isNaN(values[e])) {
                sum += load[e] * values[e];
                weights += load[e];
            }
        }
        return sum / weights;
    }
}
