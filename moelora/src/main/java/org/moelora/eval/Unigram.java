package org.moelora.eval;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.moelora.data.TokenRow;

/**
 * The simplest model of answers: each token as often as among the labels of some rows, whatever stands before it. A model whose loss is no lower has
 * learned nothing of the text. Tokens that were not seen share what Witten and Bell (1991) leave them:
 * {@code p(t) = c(t) / (n + d)} for one of the d tokens that were seen among n, and {@code d / (n + d) / (V - d)} for any other of V.
 */
public final class Unigram {
    private final Map<Integer, Long> counts = new HashMap<>();
    private final int vocabulary;
    private long labels;

    private Unigram(int vocabulary) {
        this.vocabulary = vocabulary;
    }

    /**
     * @param rows whose labels are counted
     * @param vocabulary V, how many tokens there are
     */
    public static Unigram of(List<TokenRow> rows, int vocabulary) {
        Unigram unigram = new Unigram(vocabulary);
        for (TokenRow row : rows) {
            for (int i = 1; i < row.length(); i++) {
                if (row.labels()[i] != TokenRow.IGNORED) {
                    unigram.counts.merge(row.labels()[i], 1L, Long::sum);
                    unigram.labels++;
                }
            }
        }
        return unigram;
    }

    /** Mean negative log-probability of the labels of rows, as {@link Scores#loss} has it; NaN if there are none. */
    public double loss(List<TokenRow> rows) {
        double sum = 0;
        long count = 0;
        for (TokenRow row : rows) {
            for (int i = 1; i < row.length(); i++) {
                if (row.labels()[i] != TokenRow.IGNORED) {
                    sum -= Math.log(probability(row.labels()[i]));
                    count++;
                }
            }
        }
        return sum / count;
    }

    private double probability(int token) {
        long seen = counts.size();
        if (seen == 0) {
            return 1.0 / vocabulary;
        }
        Long times = counts.get(token);
        if (times != null) {
            return (double) times / (seen >= vocabulary ? labels : labels + seen);
        }
        return (double) seen / (labels + seen) / (vocabulary - seen);
    }
}
