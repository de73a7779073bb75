package org.moelora.bench.attention;

import java.util.Arrays;
import java.util.Random;

/**
 * One head over one text: q, k, v, o and their gradients are [tokens, dim], logSumExp is [tokens]. Query i sees the keys 0 to i.
 *
 * @param scale factor on the scores, {@code 1 / sqrt(dim)}
 */
record Head(
        int tokens,
        int dim,
        float scale,
        float[] q,
        float[] k,
        float[] v,
        float[] o,
        float[] logSumExp,
        float[] dO,
        float[] dq,
        float[] dk,
        float[] dv) {
    /** Random inputs, and results full of NaN, so that an element that is never written shows. */
    static Head random(int tokens, int dim) {
        Random random = new Random(1);
        int n = Math.multiplyExact(tokens, dim);
        float[] q = normal(random, n);
        float[] k = normal(random, n);
        float[] v = normal(random, n);
        float[] dO = normal(random, n);
        float scale = (float) (1 / Math.sqrt(dim));
        return new Head(tokens, dim, scale, q, k, v, nan(n), nan(tokens), dO, nan(n), nan(n), nan(n));
    }

    private static float[] normal(Random random, int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private static float[] nan(int n) {
        float[] x = new float[n];
        Arrays.fill(x, Float.NaN);
        return x;
    }

    /** Pairs of a query and a key that it sees. */
    double pairs() {
        return tokens * (tokens + 1.0) / 2;
    }

    /** {@code <a_i, b_j>} of two rows. */
    float dot(float[] a, int i, float[] b, int j) {
        float sum = 0;
        for (int c = 0; c < dim; c++) {
            sum += a[i * dim + c] * b[j * dim + c];
        }
        return sum;
    }
}
