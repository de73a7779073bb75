package org.moelora.bench.attention;

import static org.moelora.bench.attention.Vectors.FLOATS;
import static org.moelora.bench.attention.Vectors.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Step 3: a block of keys at a time, so that there is one rescaling for all of it, and vectors along the head. */
final class KeyBlocks {
    /** Keys of a block. */
    static final int BLOCK = 64;

    private KeyBlocks() {}

    static void forward(Head h) {
        int dim = h.dim();
        float[] scores = new float[BLOCK];
        float[] row = new float[dim];
        for (int i = 0; i < h.tokens(); i++) {
            float most = Float.NEGATIVE_INFINITY;
            float sum = 0;
            Arrays.fill(row, 0);
            for (int from = 0; from <= i; from += BLOCK) {
                int keys = Math.min(BLOCK, i + 1 - from);
                float before = most;
                for (int j = 0; j < keys; j++) {
                    scores[j] = h.scale() * dot(dim, h.q(), i * dim, h.k(), (from + j) * dim);
                    most = Math.max(most, scores[j]);
                }
                float less = (float) Math.exp(before - most);
                sum *= less;
                scale(dim, less, row);
                for (int j = 0; j < keys; j++) {
                    float e = (float) Math.exp(scores[j] - most);
                    sum += e;
                    addScaled(dim, e, h.v(), (from + j) * dim, row, 0);
                }
            }
            for (int c = 0; c < dim; c++) {
                h.o()[i * dim + c] = row[c] / sum;
            }
            h.logSumExp()[i] = most + (float) Math.log(sum);
        }
    }

    /** {@code <a, b>} over n elements. */
    static float dot(int n, float[] a, int aAt, float[] b, int bAt) {
        FloatVector sums = FloatVector.zero(FLOATS);
        int whole = n - n % L;
        for (int c = 0; c < whole; c += L) {
            FloatVector x = FloatVector.fromArray(FLOATS, a, aAt + c);
            sums = x.fma(FloatVector.fromArray(FLOATS, b, bAt + c), sums);
        }
        float sum = sums.reduceLanes(VectorOperators.ADD);
        for (int c = whole; c < n; c++) {
            sum += a[aAt + c] * b[bAt + c];
        }
        return sum;
    }

    /** {@code y += factor x} over n elements. */
    static void addScaled(int n, float factor, float[] x, int xAt, float[] y, int yAt) {
        int whole = n - n % L;
        for (int c = 0; c < whole; c += L) {
            FloatVector.fromArray(FLOATS, x, xAt + c)
                    .lanewise(VectorOperators.FMA, factor, FloatVector.fromArray(FLOATS, y, yAt + c))
                    .intoArray(y, yAt + c);
        }
        for (int c = whole; c < n; c++) {
            y[yAt + c] += factor * x[xAt + c];
        }
    }

    private static void scale(int n, float factor, float[] y) {
        for (int c = 0; c < n; c++) {
            y[c] *= factor;
        }
    }
}
