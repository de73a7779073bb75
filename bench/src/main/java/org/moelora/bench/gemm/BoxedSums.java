package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.Vectors.FLOATS;
import static org.moelora.bench.gemm.Vectors.L;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Step 7 gone wrong: a helper method that is called a dozen times stores the sums. */
final class BoxedSums {
    private static final int ROWS = TallTile.ROWS;
    private static final int COLS = TallTile.COLS;

    private final float[] panels;

    BoxedSums(int n, int k) {
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

    private static void tile(
            int depth, float[] a, int aAt, int lda, float[] b, int bAt, int ldb, float[] c, int cAt, int ldc) {
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
        store(c0l, c0r, c, cAt);
        store(c1l, c1r, c, cAt + ldc);
        store(c2l, c2r, c, cAt + 2 * ldc);
        store(c3l, c3r, c, cAt + 3 * ldc);
        store(c4l, c4r, c, cAt + 4 * ldc);
        store(c5l, c5r, c, cAt + 5 * ldc);
        store(c6l, c6r, c, cAt + 6 * ldc);
        store(c7l, c7r, c, cAt + 7 * ldc);
        store(c8l, c8r, c, cAt + 8 * ldc);
        store(c9l, c9r, c, cAt + 9 * ldc);
        store(c10l, c10r, c, cAt + 10 * ldc);
        store(c11l, c11r, c, cAt + 11 * ldc);
    }

    private static void store(FloatVector left, FloatVector right, float[] c, int at) {
        left.intoArray(c, at);
        right.intoArray(c, at + L);
    }
}
