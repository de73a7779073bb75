package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.Vectors.FLOATS;
import static org.moelora.bench.gemm.Vectors.L;

import jdk.incubator.vector.FloatVector;

/** Step 4: eight vectors of sums stay in registers until they are complete. */
final class SumsInRegisters {
    private SumsInRegisters() {}

    static void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        int whole = n - n % (8 * L);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < whole; j += 8 * L) {
                row(k, a, i * k, b, j, n, c, i * n + j);
            }
        }
        ThreeLoops.multiply(0, m, whole, n, n, k, a, b, c);
    }

    private static void row(int k, float[] a, int aAt, float[] b, int bAt, int ldb, float[] c, int cAt) {
        FloatVector c0 = FloatVector.zero(FLOATS);
        FloatVector c1 = FloatVector.zero(FLOATS);
        FloatVector c2 = FloatVector.zero(FLOATS);
        FloatVector c3 = FloatVector.zero(FLOATS);
        FloatVector c4 = FloatVector.zero(FLOATS);
        FloatVector c5 = FloatVector.zero(FLOATS);
        FloatVector c6 = FloatVector.zero(FLOATS);
        FloatVector c7 = FloatVector.zero(FLOATS);
        for (int p = 0; p < k; p++) {
            int at = bAt + p * ldb;
            FloatVector x = FloatVector.broadcast(FLOATS, a[aAt + p]);
            c0 = x.fma(FloatVector.fromArray(FLOATS, b, at), c0);
            c1 = x.fma(FloatVector.fromArray(FLOATS, b, at + L), c1);
            c2 = x.fma(FloatVector.fromArray(FLOATS, b, at + 2 * L), c2);
            c3 = x.fma(FloatVector.fromArray(FLOATS, b, at + 3 * L), c3);
            c4 = x.fma(FloatVector.fromArray(FLOATS, b, at + 4 * L), c4);
            c5 = x.fma(FloatVector.fromArray(FLOATS, b, at + 5 * L), c5);
            c6 = x.fma(FloatVector.fromArray(FLOATS, b, at + 6 * L), c6);
            c7 = x.fma(FloatVector.fromArray(FLOATS, b, at + 7 * L), c7);
        }
        c0.intoArray(c, cAt);
        c1.intoArray(c, cAt + L);
        c2.intoArray(c, cAt + 2 * L);
        c3.intoArray(c, cAt + 3 * L);
        c4.intoArray(c, cAt + 4 * L);
        c5.intoArray(c, cAt + 5 * L);
        c6.intoArray(c, cAt + 6 * L);
        c7.intoArray(c, cAt + 7 * L);
    }
}
