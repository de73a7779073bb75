package org.moelora.bench.gemm;

/** Step 1: the definition. */
final class ThreeLoops {
    private ThreeLoops() {}

    /** {@code C = A B} with {@code A [m, k]}, {@code B [k, n]}, {@code C [m, n]}, all row-major; so in every step. */
    static void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        multiply(0, m, 0, n, n, k, a, b, c);
    }

    /** The part of C in rows {@code fromRow .. toRow} and columns {@code fromCol .. toCol}. */
    static void multiply(
            int fromRow, int toRow, int fromCol, int toCol, int n, int k, float[] a, float[] b, float[] c) {
        for (int i = fromRow; i < toRow; i++) {
            for (int j = fromCol; j < toCol; j++) {
                float sum = 0;
                for (int p = 0; p < k; p++) {
                    sum += a[i * k + p] * b[p * n + j];
                }
                c[i * n + j] = sum;
            }
        }
    }
}
