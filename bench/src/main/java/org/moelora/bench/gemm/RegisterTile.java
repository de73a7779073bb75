package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.Vectors.FLOATS;
import static org.moelora.bench.gemm.Vectors.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Step 5: a tile of 4 rows by 4 vectors, so that each vector of B is loaded once for four rows. */
final class RegisterTile {
    static final int ROWS = 4;
    static final int COLS = 4 * L;

    private RegisterTile() {}

    static void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        int rows = m - m % ROWS;
        int cols = n - n % COLS;
        Arrays.fill(c, 0, m * n, 0);
        for (int i = 0; i < rows; i += ROWS) {
            for (int j = 0; j < cols; j += COLS) {
                tile(k, a, i * k, k, b, j, n, c, i * n + j, n);
            }
        }
        ThreeLoops.multiply(rows, m, 0, cols, n, k, a, b, c);
        ThreeLoops.multiply(0, m, cols, n, n, k, a, b, c);
    }

    /** {@code C += A B} of one tile; {@code X[i][j]} is at {@code xAt + i ldx + j}. */
    static void tile(int depth, float[] a, int aAt, int lda, float[] b, int bAt, int ldb, float[] c, int cAt, int ldc) {
        FloatVector c0l = FloatVector.fromArray(FLOATS, c, cAt);
        FloatVector c0m = FloatVector.fromArray(FLOATS, c, cAt + L);
        FloatVector c0n = FloatVector.fromArray(FLOATS, c, cAt + 2 * L);
        FloatVector c0r = FloatVector.fromArray(FLOATS, c, cAt + 3 * L);
        FloatVector c1l = FloatVector.fromArray(FLOATS, c, cAt + ldc);
        FloatVector c1m = FloatVector.fromArray(FLOATS, c, cAt + ldc + L);
        FloatVector c1n = FloatVector.fromArray(FLOATS, c, cAt + ldc + 2 * L);
        FloatVector c1r = FloatVector.fromArray(FLOATS, c, cAt + ldc + 3 * L);
        FloatVector c2l = FloatVector.fromArray(FLOATS, c, cAt + 2 * ldc);
        FloatVector c2m = FloatVector.fromArray(FLOATS, c, cAt + 2 * ldc + L);
        FloatVector c2n = FloatVector.fromArray(FLOATS, c, cAt + 2 * ldc + 2 * L);
        FloatVector c2r = FloatVector.fromArray(FLOATS, c, cAt + 2 * ldc + 3 * L);
        FloatVector c3l = FloatVector.fromArray(FLOATS, c, cAt + 3 * ldc);
        FloatVector c3m = FloatVector.fromArray(FLOATS, c, cAt + 3 * ldc + L);
        FloatVector c3n = FloatVector.fromArray(FLOATS, c, cAt + 3 * ldc + 2 * L);
        FloatVector c3r = FloatVector.fromArray(FLOATS, c, cAt + 3 * ldc + 3 * L);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromArray(FLOATS, b, bAt + p * ldb);
            FloatVector bm = FloatVector.fromArray(FLOATS, b, bAt + p * ldb + L);
            FloatVector bn = FloatVector.fromArray(FLOATS, b, bAt + p * ldb + 2 * L);
            FloatVector br = FloatVector.fromArray(FLOATS, b, bAt + p * ldb + 3 * L);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[aAt + p]);
            c0l = a0.fma(bl, c0l);
            c0m = a0.fma(bm, c0m);
            c0n = a0.fma(bn, c0n);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[aAt + p + lda]);
            c1l = a1.fma(bl, c1l);
            c1m = a1.fma(bm, c1m);
            c1n = a1.fma(bn, c1n);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[aAt + p + 2 * lda]);
            c2l = a2.fma(bl, c2l);
            c2m = a2.fma(bm, c2m);
            c2n = a2.fma(bn, c2n);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[aAt + p + 3 * lda]);
            c3l = a3.fma(bl, c3l);
            c3m = a3.fma(bm, c3m);
            c3n = a3.fma(bn, c3n);
            c3r = a3.fma(br, c3r);
        }
        c0l.intoArray(c, cAt);
        c0m.intoArray(c, cAt + L);
        c0n.intoArray(c, cAt + 2 * L);
        c0r.intoArray(c, cAt + 3 * L);
        c1l.intoArray(c, cAt + ldc);
        c1m.intoArray(c, cAt + ldc + L);
        c1n.intoArray(c, cAt + ldc + 2 * L);
        c1r.intoArray(c, cAt + ldc + 3 * L);
        c2l.intoArray(c, cAt + 2 * ldc);
        c2m.intoArray(c, cAt + 2 * ldc + L);
        c2n.intoArray(c, cAt + 2 * ldc + 2 * L);
        c2r.intoArray(c, cAt + 2 * ldc + 3 * L);
        c3l.intoArray(c, cAt + 3 * ldc);
        c3m.intoArray(c, cAt + 3 * ldc + L);
        c3n.intoArray(c, cAt + 3 * ldc + 2 * L);
        c3r.intoArray(c, cAt + 3 * ldc + 3 * L);
    }
}
