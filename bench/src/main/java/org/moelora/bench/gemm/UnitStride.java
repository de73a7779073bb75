package org.moelora.bench.gemm;

import java.util.Arrays;

/** Step 2: the same sums in another order, so that the innermost loop walks along rows of B and C. */
final class UnitStride {
    private UnitStride() {}

    static void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        Arrays.fill(c, 0, m * n, 0);
        for (int i = 0; i < m; i++) {
            for (int p = 0; p < k; p++) {
                float factor = a[i * k + p];
                for (int j = 0; j < n; j++) {
                    c[i * n + j] += factor * b[p * n + j];
                }
            }
        }
    }
}
