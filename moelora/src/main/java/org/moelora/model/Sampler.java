package org.moelora.model;

import java.util.Arrays;
import java.util.Comparator;
import org.moelora.engine.random.RandomStream;

/** Chooses the next token from logits. */
final class Sampler {
    private final GenerationOptions options;
    private final RandomStream random;

    /**
     * @param sequence which of several texts of one seed
     */
    Sampler(GenerationOptions options, int sequence) {
        this.options = options;
        this.random = RandomStream.of(options.seed(), sequence, "generation");
    }

    /**
     * With {@code p = softmax(logits / temperature)}, restricted to the top-k tokens and then to the fewest whose probability
     * reaches top-p: a draw from what is left. Of equal logits the lower token counts as more probable.
     */
    int next(float[] logits) {
        if (options.temperature() == 0) {
            return argMax(logits);
        }
        Integer[] order = new Integer[logits.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble(i -> -logits[i]));
        int count = options.topK() == 0 ? order.length : Math.min(options.topK(), order.length);
        double[] weight = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) {
            weight[i] = Math.exp(((double) logits[order[i]] - logits[order[0]]) / options.temperature());
            sum += weight[i];
        }
        double kept = 0;
        int last = 0;
        while (last < count) {
            kept += weight[last++];
            if (kept >= options.topP() * sum) {
                break;
            }
        }
        double at = random.uniform() * kept;
        for (int i = 0; i < last; i++) {
            at -= weight[i];
            if (at < 0) {
                return order[i];
            }
        }
        return order[last - 1];
    }

    static int argMax(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }
}
