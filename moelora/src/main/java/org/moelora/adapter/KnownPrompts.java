package org.moelora.adapter;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the prompts that an adapter learned from look like: a few centres among their embeddings. The embedding of a prompt is {@code e = h / rms(h)} with h the
 * sum of its tokens' embeddings, so it is known before the first layer. Of several adapters that learned one after another the one with the nearest centre answers a
 * prompt.
 *
 * @param centres [K][hidden]
 */
record KnownPrompts(float[][] centres) {
    /** The most centres: about the number of jobs that differ in their words. */
    static final int MOST = 16;

    private static final int ROUNDS = 20;

    /** Centres by k-means (Lloyd 1982) in double, from first centres that are far apart (Gonzalez 1985); the same for the same prompts in the same order. */
    static KnownPrompts of(List<float[]> prompts) {
        List<double[]> centres = farApart(prompts);
        int[] nearest = new int[prompts.size()];
        for (int round = 0; round < ROUNDS; round++) {
            boolean moved = false;
            for (int p = 0; p < nearest.length; p++) {
                int best = nearest(prompts.get(p), centres);
                moved |= best != nearest[p];
                nearest[p] = best;
            }
            if (!moved && round > 0) {
                break;
            }
            move(centres, prompts, nearest);
        }
        float[][] values = new float[centres.size()][];
        for (int k = 0; k < values.length; k++) {
            values[k] = new float[centres.get(k).length];
            for (int i = 0; i < values[k].length; i++) {
                values[k][i] = (float) centres.get(k)[i];
            }
        }
        return new KnownPrompts(values);
    }

    private static List<double[]> farApart(List<float[]> prompts) {
        List<double[]> centres = new ArrayList<>(List.of(toDouble(prompts.getFirst())));
        while (centres.size() < MOST) {
            double far = 0;
            float @Nullable [] next = null;
            for (float[] prompt : prompts) {
                double distance = distance(prompt, centres.get(nearest(prompt, centres)));
                if (distance > far) {
                    far = distance;
                    next = prompt;
                }
            }
            if (next == null) {
                break; // all others are where a centre is already
            }
            centres.add(toDouble(next));
        }
        return centres;
    }

    private static void move(List<double[]> centres, List<float[]> prompts, int[] nearest) {
        for (int k = 0; k < centres.size(); k++) {
            double[] sum = new double[centres.get(k).length];
            int count = 0;
            for (int p = 0; p < nearest.length; p++) {
                if (nearest[p] == k) {
                    for (int i = 0; i < sum.length; i++) {
                        sum[i] += prompts.get(p)[i];
                    }
                    count++;
                }
            }
            if (count > 0) {
                for (int i = 0; i < sum.length; i++) {
                    sum[i] /= count;
                }
                centres.set(k, sum);
            }
        }
    }

    private static int nearest(float[] prompt, List<double[]> centres) {
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int k = 0; k < centres.size(); k++) {
            double distance = distance(prompt, centres.get(k));
            if (distance < least) {
                least = distance;
                best = k;
            }
        }
        return best;
    }

    private static double distance(float[] prompt, double[] centre) {
        double sum = 0;
        for (int i = 0; i < centre.length; i++) {
            sum += (prompt[i] - centre[i]) * (prompt[i] - centre[i]);
        }
        return sum;
    }

    private static double[] toDouble(float[] values) {
        double[] copy = new double[values.length];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = values[i];
        }
        return copy;
    }

    /** The square of the distance from a prompt's embedding to the nearest centre. */
    double distance(float[] prompt) {
        double least = Double.POSITIVE_INFINITY;
        for (float[] centre : centres) {
            least = Math.min(least, distance(prompt, toDouble(centre)));
        }
        return least;
    }

    /** The embeddings of prompts from sums over their tokens, [R, hidden]; null for a row without a prompt. */
    static List<float @Nullable []> embeddings(float[] sums, int hidden) {
        List<float @Nullable []> prompts = new ArrayList<>();
        for (int from = 0; from < sums.length; from += hidden) {
            double square = 0;
            for (int i = 0; i < hidden; i++) {
                square += (double) sums[from + i] * sums[from + i];
            }
            float @Nullable [] e = null;
            if (square > 0 && square < Double.POSITIVE_INFINITY) {
                double rms = Math.sqrt(square / hidden);
                e = new float[hidden];
                for (int i = 0; i < hidden; i++) {
                    e[i] = (float) (sums[from + i] / rms);
                }
            }
            prompts.add(e);
        }
        return prompts;
    }
}
