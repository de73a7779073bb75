package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Tile.COLS;
import static org.moelora.kernels.simd.Tile.STRIDE;

/**
 * Brings parts of op(A) and op(B) into the layouts that {@link Tile} reads. What lies beside the last row of a strip or the last column of a
 * panel is left as it was: the tile keeps it apart.
 */
final class Packing {
    private Packing() {}

    /** A strip: rows {@code row .. row + rows} of a row-major A, depths {@code from .. from + depth}. */
    static void strip(Source a, int lda, int row, int rows, int from, int depth, float[] strip, short[] narrow) {
        for (int i = 0; i < rows; i++) {
            a.read((long) (row + i) * lda + from, depth, strip, i * STRIDE, narrow);
        }
    }

    /** Columns {@code row .. row + rows} of A, for {@link Tile#multiplyTransposed}: {@link Scratch#GROUP} from one depth to the next. */
    static void group(Source a, int lda, int row, int rows, int from, int depth, Scratch s) {
        for (int p = 0; p < depth; p++) {
            a.read((long) (from + p) * lda + row, rows, s.stage, p * Scratch.GROUP, s.narrow);
        }
    }

    /** Elements that {@link #panels} and {@link #panelsTransposed} write. */
    static int panelLength(int cols, int depth) {
        return (cols + COLS - 1) / COLS * COLS * depth;
    }

    /** Panels {@code [panel][depth][COLS]} of the columns {@code col .. col + cols} of a row-major B. */
    static void panels(Source b, int ldb, int col, int cols, int from, int depth, Scratch s, float[] to, int at) {
        for (int p = 0; p < depth; p++) {
            b.read((long) (from + p) * ldb + col, cols, s.stage, 0, s.narrow);
            for (int j = 0; j < cols; j += COLS) {
                System.arraycopy(s.stage, j, to, at + j * depth + p * COLS, COLS);
            }
        }
    }

    /** The same where B's rows are the columns of op(B), as a weight's are in {@code x W^T}. */
    static void panelsTransposed(
            Source b, int ldb, int col, int cols, int from, int depth, Scratch s, float[] to, int at) {
        for (int j = 0; j < cols; j += COLS) {
            int width = Math.min(COLS, cols - j);
            for (int i = 0; i < width; i++) {
                b.read((long) (col + j + i) * ldb + from, depth, s.stage, i * STRIDE, s.narrow);
            }
            transpose(depth, s.stage, to, at + j * depth);
        }
    }

    /** {@code to[p][j] = from[j][p]}. */
    private static void transpose(int depth, float[] from, float[] to, int at) {
        for (int p = 0; p < depth; p++) {
            int target = at + p * COLS;
            for (int j = 0; j < COLS; j++) {
                to[target + j] = from[p + j * STRIDE];
            }
        }
    }
}
