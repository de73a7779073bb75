package org.moelora.bench.attention;

import java.util.Arrays;

/** Step 6: nothing is kept but a number for each query; a probability is computed again where it is needed. */
final class FromLogSumExp {
    private FromLogSumExp() {}

    static void backward(Head h) {
        int dim = h.dim();
        Arrays.fill(h.dq(), 0);
        Arrays.fill(h.dk(), 0);
        Arrays.fill(h.dv(), 0);
        for (int i = 0; i < h.tokens(); i++) {
            float delta = h.dot(h.dO(), i, h.o(), i);
            for (int j = 0; j <= i; j++) {
                float p = (float) Math.exp(h.scale() * h.dot(h.q(), i, h.k(), j) - h.logSumExp()[i]);
                float ds = p * (h.dot(h.dO(), i, h.v(), j) - delta);
                for (int c = 0; c < dim; c++) {
                    h.dv()[j * dim + c] += p * h.dO()[i * dim + c];
                    h.dq()[i * dim + c] += h.scale() * ds * h.k()[j * dim + c];
                    h.dk()[j * dim + c] += h.scale() * ds * h.q()[i * dim + c];
                }
            }
        }
    }
}
