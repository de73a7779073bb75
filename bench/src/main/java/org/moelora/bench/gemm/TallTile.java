package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.Vectors.FLOATS;
import static org.moelora.bench.gemm.Vectors.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Step 7: a tile of 12 rows by 2 vectors: 24 sums, 2 vectors of B and one of A in 27 of 32 registers. */
final class TallTile {
    static final int ROWS = 12;
    static final int COLS = 2 * L;

    private final float[] panels;

    TallTile(int n, int k) {
        panels = new float[n / COLS * COLS * k];
    }

    void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        int rows = m - m % ROWS;
        int cols = n - n % COLS;
        Arrays.fill(c, 0, m * n, 0);
        PackedPanels.pack(b, n, 0, k, 0, cols, COLS, panels, 0);
        for (int i = 0; i < rows; i += ROWS) {
            for (int j = 0; j < cols; j += COLS) {
                tile(k, a, i * k, k, panels, j * k, COLS, c, i * n + j, n);
            }
        }
        ThreeLoops.multiply(rows, m, 0, cols, n, k, a, b, c);
        ThreeLoops.multiply(0, m, cols, n, n, k, a, b, c);
    }

    /**
     * {@code C += A B} of one tile; {@code X[i][j]} is at {@code xAt + i ldx + j}. All later steps call this one: they only change where
     * its operands lie.
     */
    static void tile(int depth, float[] a, int aAt, int lda, float[] b, int bAt, int ldb, float[] c, int cAt, int ldc) {
        FloatVector c0l = FloatVector.fromArray(FLOATS, c, cAt);
        FloatVector c0r = FloatVector.fromArray(FLOATS, c, cAt + L);
        FloatVector c1l = FloatVector.fromArray(FLOATS, c, cAt + ldc);
        FloatVector c1r = FloatVector.fromArray(FLOATS, c, cAt + ldc + L);
        FloatVector c2l = FloatVector.fromArray(FLOATS, c, cAt + 2 * ldc);
        FloatVector c2r = FloatVector.fromArray(FLOATS, c, cAt + 2 * ldc + L);
        FloatVector c3l = FloatVector.fromArray(FLOATS, c, cAt + 3 * ldc);
        FloatVector c3r = FloatVector.fromArray(FLOATS, c, cAt + 3 * ldc + L);
        FloatVector c4l = FloatVector.fromArray(FLOATS, c, cAt + 4 * ldc);
        FloatVector c4r = FloatVector.fromArray(FLOATS, c, cAt + 4 * ldc + L);
        FloatVector c5l = FloatVector.fromArray(FLOATS, c, cAt + 5 * ldc);
        FloatVector c5r = FloatVector.fromArray(FLOATS, c, cAt + 5 * ldc + L);
        FloatVector c6l = FloatVector.fromArray(FLOATS, c, cAt + 6 * ldc);
        FloatVector c6r = FloatVector.fromArray(FLOATS, c, cAt + 6 * ldc + L);
        FloatVector c7l = FloatVector.fromArray(FLOATS, c, cAt + 7 * ldc);
        FloatVector c7r = FloatVector.fromArray(FLOATS, c, cAt + 7 * ldc + L);
        FloatVector c8l = FloatVector.fromArray(FLOATS, c, cAt + 8 * ldc);
        FloatVector c8r = FloatVector.fromArray(FLOATS, c, cAt + 8 * ldc + L);
        FloatVector c9l = FloatVector.fromArray(FLOATS, c, cAt + 9 * ldc);
        FloatVector c9r = FloatVector.fromArray(FLOATS, c, cAt + 9 * ldc + L);
        FloatVector c10l = FloatVector.fromArray(FLOATS, c, cAt + 10 * ldc);
        FloatVector c10r = FloatVector.fromArray(FLOATS, c, cAt + 10 * ldc + L);
        FloatVector c11l = FloatVector.fromArray(FLOATS, c, cAt + 11 * ldc);
        FloatVector c11r = FloatVector.fromArray(FLOATS, c, cAt + 11 * ldc + L);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromArray(FLOATS, b, bAt + p * ldb);
            FloatVector br = FloatVector.fromArray(FLOATS, b, bAt + p * ldb + L);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[aAt + p]);
            c0l = a0.fma(bl, c0l);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[aAt + p + lda]);
            c1l = a1.fma(bl, c1l);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[aAt + p + 2 * lda]);
            c2l = a2.fma(bl, c2l);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[aAt + p + 3 * lda]);
            c3l = a3.fma(bl, c3l);
            c3r = a3.fma(br, c3r);
            FloatVector a4 = FloatVector.broadcast(FLOATS, a[aAt + p + 4 * lda]);
            c4l = a4.fma(bl, c4l);
            c4r = a4.fma(br, c4r);
            FloatVector a5 = FloatVector.broadcast(FLOATS, a[aAt + p + 5 * lda]);
            c5l = a5.fma(bl, c5l);
            c5r = a5.fma(br, c5r);
            FloatVector a6 = FloatVector.broadcast(FLOATS, a[aAt + p + 6 * lda]);
            c6l = a6.fma(bl, c6l);
            c6r = a6.fma(br, c6r);
            FloatVector a7 = FloatVector.broadcast(FLOATS, a[aAt + p + 7 * lda]);
            c7l = a7.fma(bl, c7l);
            c7r = a7.fma(br, c7r);
            FloatVector a8 = FloatVector.broadcast(FLOATS, a[aAt + p + 8 * lda]);
            c8l = a8.fma(bl, c8l);
            c8r = a8.fma(br, c8r);
            FloatVector a9 = FloatVector.broadcast(FLOATS, a[aAt + p + 9 * lda]);
            c9l = a9.fma(bl, c9l);
            c9r = a9.fma(br, c9r);
            FloatVector a10 = FloatVector.broadcast(FLOATS, a[aAt + p + 10 * lda]);
            c10l = a10.fma(bl, c10l);
            c10r = a10.fma(br, c10r);
            FloatVector a11 = FloatVector.broadcast(FLOATS, a[aAt + p + 11 * lda]);
            c11l = a11.fma(bl, c11l);
            c11r = a11.fma(br, c11r);
        }
        c0l.intoArray(c, cAt);
        c0r.intoArray(c, cAt + L);
        c1l.intoArray(c, cAt + ldc);
        c1r.intoArray(c, cAt + ldc + L);
        c2l.intoArray(c, cAt + 2 * ldc);
        c2r.intoArray(c, cAt + 2 * ldc + L);
        c3l.intoArray(c, cAt + 3 * ldc);
        c3r.intoArray(c, cAt + 3 * ldc + L);
        c4l.intoArray(c, cAt + 4 * ldc);
        c4r.intoArray(c, cAt + 4 * ldc + L);
        c5l.intoArray(c, cAt + 5 * ldc);
        c5r.intoArray(c, cAt + 5 * ldc + L);
        c6l.intoArray(c, cAt + 6 * ldc);
        c6r.intoArray(c, cAt + 6 * ldc + L);
        c7l.intoArray(c, cAt + 7 * ldc);
        c7r.intoArray(c, cAt + 7 * ldc + L);
        c8l.intoArray(c, cAt + 8 * ldc);
        c8r.intoArray(c, cAt + 8 * ldc + L);
        c9l.intoArray(c, cAt + 9 * ldc);
        c9r.intoArray(c, cAt + 9 * ldc + L);
        c10l.intoArray(c, cAt + 10 * ldc);
        c10r.intoArray(c, cAt + 10 * ldc + L);
        c11l.intoArray(c, cAt + 11 * ldc);
        c11r.intoArray(c, cAt + 11 * ldc + L);
    }
}
