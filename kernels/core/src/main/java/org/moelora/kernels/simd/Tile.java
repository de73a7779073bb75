package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/**
 * The innermost loops of all matrix products: an outer-product tile whose sums stay in registers. Each step of the depth
 * loads two vectors of B, broadcasts one element of A per row, and adds their products; there are no horizontal sums.
 *
 * <p>Unrolled by hand, and the sums stored in the same method, because C2 keeps a vector in a register only while it stays a local of one
 * compiled method. Every element is summed in the order of the depth, whatever the tile's height.
 */
final class Tile {
    /** Columns of a tile: two vectors. */
    static final int COLS = 2 * COUNT;

    /** Rows of the tallest tile that leaves no sum in memory: 32 vector registers with 512 bits, 16 with 256. */
    static final int ROWS = COUNT == 8 ? 4 : 8;

    /** Deepest product of one call. */
    static final int DEPTH = 256;

    /** From one row of A's strip to the next; constant, so that all rows share one index register, and not a multiple of a page. */
    static final int STRIDE = DEPTH + 16;

    private Tile() {}

    /** 8 rows of A times a panel of B, into the first 8 rows of {@code t}. */
    static void multiply8(int depth, float[] a, float[] b, int bAt, float[] t) {
        FloatVector c0l = FloatVector.zero(FLOATS);
        FloatVector c0r = FloatVector.zero(FLOATS);
        FloatVector c1l = FloatVector.zero(FLOATS);
        FloatVector c1r = FloatVector.zero(FLOATS);
        FloatVector c2l = FloatVector.zero(FLOATS);
        FloatVector c2r = FloatVector.zero(FLOATS);
        FloatVector c3l = FloatVector.zero(FLOATS);
        FloatVector c3r = FloatVector.zero(FLOATS);
        FloatVector c4l = FloatVector.zero(FLOATS);
        FloatVector c4r = FloatVector.zero(FLOATS);
        FloatVector c5l = FloatVector.zero(FLOATS);
        FloatVector c5r = FloatVector.zero(FLOATS);
        FloatVector c6l = FloatVector.zero(FLOATS);
        FloatVector c6r = FloatVector.zero(FLOATS);
        FloatVector c7l = FloatVector.zero(FLOATS);
        FloatVector c7r = FloatVector.zero(FLOATS);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromArray(FLOATS, b, bAt + p * COLS);
            FloatVector br = FloatVector.fromArray(FLOATS, b, bAt + p * COLS + COUNT);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[p]);
            c0l = a0.fma(bl, c0l);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[p + STRIDE]);
            c1l = a1.fma(bl, c1l);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[p + 2 * STRIDE]);
            c2l = a2.fma(bl, c2l);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[p + 3 * STRIDE]);
            c3l = a3.fma(bl, c3l);
            c3r = a3.fma(br, c3r);
            FloatVector a4 = FloatVector.broadcast(FLOATS, a[p + 4 * STRIDE]);
            c4l = a4.fma(bl, c4l);
            c4r = a4.fma(br, c4r);
            FloatVector a5 = FloatVector.broadcast(FLOATS, a[p + 5 * STRIDE]);
            c5l = a5.fma(bl, c5l);
            c5r = a5.fma(br, c5r);
            FloatVector a6 = FloatVector.broadcast(FLOATS, a[p + 6 * STRIDE]);
            c6l = a6.fma(bl, c6l);
            c6r = a6.fma(br, c6r);
            FloatVector a7 = FloatVector.broadcast(FLOATS, a[p + 7 * STRIDE]);
            c7l = a7.fma(bl, c7l);
            c7r = a7.fma(br, c7r);
        }
        c0l.intoArray(t, 0);
        c0r.intoArray(t, COUNT);
        c1l.intoArray(t, COLS);
        c1r.intoArray(t, COLS + COUNT);
        c2l.intoArray(t, 2 * COLS);
        c2r.intoArray(t, 2 * COLS + COUNT);
        c3l.intoArray(t, 3 * COLS);
        c3r.intoArray(t, 3 * COLS + COUNT);
        c4l.intoArray(t, 4 * COLS);
        c4r.intoArray(t, 4 * COLS + COUNT);
        c5l.intoArray(t, 5 * COLS);
        c5r.intoArray(t, 5 * COLS + COUNT);
        c6l.intoArray(t, 6 * COLS);
        c6r.intoArray(t, 6 * COLS + COUNT);
        c7l.intoArray(t, 7 * COLS);
        c7r.intoArray(t, 7 * COLS + COUNT);
    }

    /** 4 rows of A times a panel of B, into the first 4 rows of {@code t}. */
    static void multiply4(int depth, float[] a, float[] b, int bAt, float[] t) {
        FloatVector c0l = FloatVector.zero(FLOATS);
        FloatVector c0r = FloatVector.zero(FLOATS);
        FloatVector c1l = FloatVector.zero(FLOATS);
        FloatVector c1r = FloatVector.zero(FLOATS);
        FloatVector c2l = FloatVector.zero(FLOATS);
        FloatVector c2r = FloatVector.zero(FLOATS);
        FloatVector c3l = FloatVector.zero(FLOATS);
        FloatVector c3r = FloatVector.zero(FLOATS);
        for (int p = 0; p < depth; p++) {
            FloatVector bl = FloatVector.fromArray(FLOATS, b, bAt + p * COLS);
            FloatVector br = FloatVector.fromArray(FLOATS, b, bAt + p * COLS + COUNT);
            FloatVector a0 = FloatVector.broadcast(FLOATS, a[p]);
            c0l = a0.fma(bl, c0l);
            c0r = a0.fma(br, c0r);
            FloatVector a1 = FloatVector.broadcast(FLOATS, a[p + STRIDE]);
            c1l = a1.fma(bl, c1l);
            c1r = a1.fma(br, c1r);
            FloatVector a2 = FloatVector.broadcast(FLOATS, a[p + 2 * STRIDE]);
            c2l = a2.fma(bl, c2l);
            c2r = a2.fma(br, c2r);
            FloatVector a3 = FloatVector.broadcast(FLOATS, a[p + 3 * STRIDE]);
            c3l = a3.fma(bl, c3l);
            c3r = a3.fma(br, c3r);
        }
        c0l.intoArray(t, 0);
        c0r.intoArray(t, COUNT);
        c1l.intoArray(t, COLS);
        c1r.intoArray(t, COLS + COUNT);
        c2l.intoArray(t, 2 * COLS);
        c2r.intoArray(t, 2 * COLS + COUNT);
        c3l.intoArray(t, 3 * COLS);
        c3r.intoArray(t, 3 * COLS + COUNT);
    }
}
