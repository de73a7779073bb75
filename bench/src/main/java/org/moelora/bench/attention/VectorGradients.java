package org.moelora.bench.attention;

import static org.moelora.bench.attention.KeyBlocks.addScaled;
import static org.moelora.bench.attention.KeyBlocks.dot;

import java.util.Arrays;

/** Step 7: the same sums, with vectors along the head. */
final class VectorGradients {
    private VectorGradients() {}

    static void backward(Head h) {
        int dim = h.dim();
        Arrays.fill(h.dq(), 0);
        Arrays.fill(h.dk(), 0);
        Arrays.fill(h.dv(), 0);
        for (int i = 0; i < h.tokens(); i++) {
            int query = i * dim;
            float delta = dot(dim, h.dO(), query, h.o(), query);
            for (int j = 0; j <= i; j++) {
                int key = j * dim;
                float p = (float) Math.exp(h.scale() * dot(dim, h.q(), query, h.k(), key) - h.logSumExp()[i]);
                float ds = h.scale() * p * (dot(dim, h.dO(), query, h.v(), key) - delta);
                addScaled(dim, p, h.dO(), query, h.dv(), key);
                addScaled(dim, ds, h.k(), key, h.dq(), query);
                addScaled(dim, ds, h.q(), query, h.dk(), key);
            }
        }
    }
}
