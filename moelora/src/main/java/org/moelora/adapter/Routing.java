package org.moelora.adapter;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tensor;

/**
 * How the tokens of a linear share its experts.
 *
 * @param gate g [T, E]
 * @param p the router's probabilities [T, E] from which g was made
 * @param selected I32 [T, k], the experts of each token in ascending order; null where tokens do not all take the same number of them
 */
public record Routing(Tensor gate, Tensor p, @Nullable Tensor selected) {
    /** The experts that each token takes, ascending: those selected, or those with a gate above 0. */
    public int[][] chosen() {
        int tokens = gate.shape().rows();
        int[][] chosen = new int[tokens][];
        if (selected != null) {
            int k = selected.shape().cols();
            int[] all = selected.toIntArray();
            for (int t = 0; t < tokens; t++) {
                chosen[t] = Arrays.copyOfRange(all, t * k, (t + 1) * k);
            }
            return chosen;
        }
        int experts = gate.shape().cols();
        float[] g = gate.toArray();
        for (int t = 0; t < tokens; t++) {
            int row = t * experts;
            chosen[t] = IntStream.range(0, experts).filter(e -> g[row + e] > 0).toArray();
        }
        return chosen;
    }
}
