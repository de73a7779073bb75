package org.moelora.bench.attention;

import java.util.Arrays;

/** Step 2: one pass over the keys. What was summed is scaled down when a larger score comes. */
final class OnlineSoftmax {
    private OnlineSoftmax() {}

    static void forward(Head h) {
        int dim = h.dim();
        float[] row = new float[dim];
        for (int i = 0; i < h.tokens(); i++) {
            float most = Float.NEGATIVE_INFINITY;
            float sum = 0;
            Arrays.fill(row, 0);
            for (int j = 0; j <= i; j++) {
                float s = h.scale() * h.dot(h.q(), i, h.k(), j);
                if (s > most) {
                    float less = (float) Math.exp(most - s);
                    sum *= less;
                    for (int c = 0; c < dim; c++) {
                        row[c] *= less;
                    }
                    most = s;
                }
                float e = (float) Math.exp(s - most);
                sum += e;
                for (int c = 0; c < dim; c++) {
                    row[c] += e * h.v()[j * dim + c];
                }
            }
            for (int c = 0; c < dim; c++) {
                h.o()[i * dim + c] = row[c] / sum;
            }
            h.logSumExp()[i] = most + (float) Math.log(sum);
        }
    }
}
