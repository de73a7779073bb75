package org.moelora.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** {@code log softmax(l)_i = l_i - max - log sum_j exp(l_j - max)} of one row of logits. */
final class LogProbabilities {
    private LogProbabilities() {}

    static Completion.TokenLogProbability of(float[] logits, int id, int alternatives) {
        float max = logits[Sampler.argMax(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp((double) logit - max);
        }
        double log = max + Math.log(sum);
        List<Completion.Alternative> top = new ArrayList<>();
        for (int best : largest(logits, alternatives)) {
            top.add(new Completion.Alternative(best, logits[best] - log));
        }
        return new Completion.TokenLogProbability(id, logits[id] - log, top);
    }

    /** Tokens of the largest logits, best first, the lower one first among equals. */
    private static List<Integer> largest(float[] logits, int count) {
        Comparator<Integer> better =
                Comparator.<Integer>comparingDouble(i -> -logits[i]).thenComparing(Comparator.naturalOrder());
        PriorityQueue<Integer> best = new PriorityQueue<>(better.reversed());
        for (int i = 0; i < logits.length && count > 0; i++) {
            if (best.size() < count) {
                best.add(i);
            } else if (logits[i] > logits[best.element()]) {
                best.remove();
                best.add(i);
            }
        }
        List<Integer> sorted = new ArrayList<>(best);
        sorted.sort(better);
        return sorted;
    }
}
