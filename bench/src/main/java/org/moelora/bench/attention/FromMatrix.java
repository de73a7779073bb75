package org.moelora.bench.attention;

import java.util.Arrays;

/** Step 5: the backward pass from the probabilities that step 1 has kept. */
final class FromMatrix {
    private FromMatrix() {}

    /**
     * @param p [tokens, tokens], as {@link ScoreMatrix} leaves it
     */
    static void backward(Head h, float[] p) {
        int n = h.tokens();
        int dim = h.dim();
        float[] dp = new float[n];
        Arrays.fill(h.dq(), 0);
        Arrays.fill(h.dk(), 0);
        Arrays.fill(h.dv(), 0);
        for (int i = 0; i < n; i++) {
            float delta = 0;
            for (int j = 0; j <= i; j++) {
                dp[j] = h.dot(h.dO(), i, h.v(), j);
                delta += p[i * n + j] * dp[j];
            }
            for (int j = 0; j <= i; j++) {
                float ds = p[i * n + j] * (dp[j] - delta);
                for (int c = 0; c < dim; c++) {
                    h.dv()[j * dim + c] += p[i * n + j] * h.dO()[i * dim + c];
                    h.dq()[i * dim + c] += h.scale() * ds * h.k()[j * dim + c];
                    h.dk()[j * dim + c] += h.scale() * ds * h.q()[i * dim + c];
                }
            }
        }
    }
}
