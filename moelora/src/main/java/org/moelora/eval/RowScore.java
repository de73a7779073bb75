package org.moelora.eval;

import org.jspecify.annotations.Nullable;

/**
 * How probable a model finds a row's labels.
 *
 * @param row place in the data, from 0
 * @param task or null
 * @param logProbabilities natural logarithms, one per label, in order
 */
public record RowScore(int row, @Nullable String task, float[] logProbabilities) {
    /** Number of labels. */
    public int tokens() {
        return logProbabilities.length;
    }

    /** Sum of the negative log-probabilities. */
    public double total() {
        double sum = 0;
        for (float logProbability : logProbabilities) {
            sum -= logProbability;
        }
        return sum;
    }

    /** Mean negative log-probability of the labels; NaN without labels. */
    public double loss() {
        return total() / tokens();
    }
}
