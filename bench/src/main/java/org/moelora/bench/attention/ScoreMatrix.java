package org.moelora.bench.attention;

/** Step 1: the definition, which keeps the matrix of all probabilities. */
final class ScoreMatrix {
    private ScoreMatrix() {}

    /**
     * @param p [tokens, tokens], is filled with probabilities up to the diagonal
     */
    static void forward(Head h, float[] p) {
        int n = h.tokens();
        for (int i = 0; i < n; i++) {
            float most = Float.NEGATIVE_INFINITY;
            for (int j = 0; j <= i; j++) {
                p[i * n + j] = h.scale() * h.dot(h.q(), i, h.k(), j);
                most = Math.max(most, p[i * n + j]);
            }
            float sum = 0;
            for (int j = 0; j <= i; j++) {
                p[i * n + j] = (float) Math.exp(p[i * n + j] - most);
                sum += p[i * n + j];
            }
            for (int j = 0; j <= i; j++) {
                p[i * n + j] /= sum;
            }
            h.logSumExp()[i] = most + (float) Math.log(sum);
        }
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < h.dim(); c++) {
                float sum = 0;
                for (int j = 0; j <= i; j++) {
                    sum += p[i * n + j] * h.v()[j * h.dim() + c];
                }
                h.o()[i * h.dim() + c] = sum;
            }
        }
    }
}
