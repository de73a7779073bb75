package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.Vectors.FLOATS;
import static org.moelora.bench.gemm.Vectors.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Step 3: the loop of step 2, many elements at a time. */
final class VectorRows {
    private VectorRows() {}

    static void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        int whole = n - n % L;
        Arrays.fill(c, 0, m * n, 0);
        for (int i = 0; i < m; i++) {
            for (int p = 0; p < k; p++) {
                FloatVector factor = FloatVector.broadcast(FLOATS, a[i * k + p]);
                for (int j = 0; j < whole; j += L) {
                    FloatVector x = FloatVector.fromArray(FLOATS, b, p * n + j);
                    FloatVector y = FloatVector.fromArray(FLOATS, c, i * n + j);
                    factor.fma(x, y).intoArray(c, i * n + j);
                }
            }
        }
        ThreeLoops.multiply(0, m, whole, n, n, k, a, b, c);
    }
}
