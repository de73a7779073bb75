package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;

import java.lang.foreign.MemorySegment;

/**
 * The innermost loops of all matrix products: an outer-product tile whose sums stay in registers. Each step of the depth
 * loads two vectors of B, broadcasts one element of A per row, and adds their products; there are no horizontal sums.
 *
 * <p>The loops are those of {@link UnrolledTile}. Every element is summed in the order of the depth, whatever the tile's height. Rows and columns of a
 * tile are independent, so what lies beside the last row or column may be anything: it ends beside the result.
 */
final class Tile {
    /** Columns of a tile: two vectors. */
    static final int COLS = 2 * COUNT;

    /** Rows of the tallest tile that leaves no sum in memory: 32 vector registers with 512 or 128 bits, 16 with 256. */
    static final int ROWS = COUNT == 8 ? 4 : 8;

    /** Deepest product of one call. */
    static final int DEPTH = 384;

    /** From one row of a strip of A to the next; constant, so that all rows share one index register, and no power of two. */
    static final int STRIDE = DEPTH + 16;

    /** Bytes of a row of a panel. */
    static final long PANEL_ROW = (long) COLS * Float.BYTES;

    private Tile() {}

    /**
     * The first {@code rows} rows of {@code t [ROWS, COLS] = A B}; rows after them are undefined.
     *
     * @param a {@code A[i][p]} at {@code aAt + i STRIDE + p}
     * @param b a panel: {@code B[p][j]} at {@code bAt + p COLS + j}
     */
    static void multiply(int rows, int depth, float[] a, int aAt, float[] b, int bAt, float[] t) {
        if (rows <= 4) {
            UnrolledTile.multiply4(depth, a, aAt, b, bAt, t);
        } else {
            UnrolledTile.multiply8(depth, a, aAt, b, bAt, t);
        }
    }

    /** The same with {@code A[i][p]} at {@code aAt + p aStep + i}. */
    static void multiplyTransposed(int rows, int depth, float[] a, int aAt, int aStep, float[] b, int bAt, float[] t) {
        if (rows <= 4) {
            UnrolledTile.multiplyTransposed4(depth, a, aAt, aStep, b, bAt, t);
        } else {
            UnrolledTile.multiplyTransposed8(depth, a, aAt, aStep, b, bAt, t);
        }
    }

    /** Whether {@link #multiplyInto} writes exactly that many rows. */
    static boolean isWhole(int rows) {
        return rows == ROWS || rows == 4;
    }

    /**
     * {@code C (+)= A B} on a whole tile of C, with A as in {@link #multiply}: all of {@link #ROWS} rows, or four if {@code rows <= 4}.
     * B and C are native memory, the only kind that this method is compiled for.
     *
     * @param b a panel: {@code B[p][j]} at byte {@code bAt + 4 (p COLS + j)}
     * @param add whether to add to what C holds
     * @param cAt byte of the tile's first element
     * @param rowBytes from one row of C to the next
     */
    static void multiplyInto(
            int rows,
            int depth,
            float[] a,
            int aAt,
            MemorySegment b,
            long bAt,
            boolean add,
            MemorySegment c,
            long cAt,
            long rowBytes) {
        if (rows <= 4) {
            UnrolledTile.into4(depth, a, aAt, b, bAt, add, c, cAt, rowBytes);
        } else {
            UnrolledTile.into8(depth, a, aAt, b, bAt, add, c, cAt, rowBytes);
        }
    }
}
