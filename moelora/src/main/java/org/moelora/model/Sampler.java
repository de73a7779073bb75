package org.moelora.model;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.moelora.engine.random.RandomStream;

/** Chooses the tokens of one text, as {@link Sampling} says. Used by one thread. */
final class Sampler {
    private final Sampling sampling;
    private final RandomStream random;
    private final Set<Integer> seen = new HashSet<>();
    private final Map<Integer, Integer> written = new HashMap<>();

    /**
     * @param sequence which of several texts of one seed
     * @param prompt its tokens, which the repetition penalty counts
     */
    Sampler(Sampling sampling, int sequence, int[] prompt) {
        this.sampling = sampling;
        this.random = RandomStream.of(sampling.seed(), sequence, "generation");
        if (sampling.repetitionPenalty() != 1) {
            Arrays.stream(prompt).forEach(seen::add);
        }
    }

    /**
     * @param logits [vocabulary], which may be changed; negative infinity for tokens that may not be chosen
     */
    int next(float[] logits) {
        adjust(logits);
        int id = sampling.temperature() == 0 ? argMax(logits) : draw(logits);
        if (!sampling.keepsLogits()) {
            seen.add(id);
            written.merge(id, 1, Integer::sum);
        }
        return id;
    }

    private void adjust(float[] logits) {
        sampling.logitBias().forEach((id, bias) -> {
            if (id < logits.length) {
                logits[id] += bias.floatValue();
            }
        });
        if (sampling.repetitionPenalty() != 1) {
            float penalty = (float) sampling.repetitionPenalty();
            for (int id : seen) {
                logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
            }
        }
        if (sampling.frequencyPenalty() != 0 || sampling.presencePenalty() != 0) {
            written.forEach((id, count) ->
                    logits[id] -= (float) (sampling.frequencyPenalty() * count + sampling.presencePenalty()));
        }
    }

    private int draw(float[] logits) {
        int[] order = descending(logits);
        int count = sampling.topK() == 0 ? order.length : Math.min(sampling.topK(), order.length);
        double[] weight = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) {
            weight[i] = Math.exp(((double) logits[order[i]] - logits[order[0]]) / sampling.temperature());
            sum += weight[i];
        }
        double kept = 0;
        int last = 0;
        while (last < count && !(weight[last] < sampling.minP())) { // weight[0], the largest, is 1
            kept += weight[last++];
            if (kept >= sampling.topP() * sum) {
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

    /** Tokens by falling logit, the lower one first among equals: sorted as numbers of a token's place in this order and the token. */
    private static int[] descending(float[] logits) {
        long[] keys = new long[logits.length];
        for (int i = 0; i < keys.length; i++) {
            int bits = Float.floatToIntBits(logits[i] + 0f); // 0 and -0 are equal
            int ascending = bits >= 0 ? bits : bits ^ 0x7fffffff;
            keys[i] = (long) ~ascending << 32 | i;
        }
        Arrays.sort(keys);
        int[] order = new int[keys.length];
        Arrays.setAll(order, i -> (int) keys[i]);
        return order;
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
