package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Tile.COLS;
import static org.moelora.kernels.simd.Tile.STRIDE;

/**
 * Brings parts of op(A) and op(B) into the layouts that {@link Tile} reads from arrays; {@link Panels} is for those in native memory. What lies beside the last row of a strip or the last column of a
 * panel is left as it was: the tile keeps it apart.
 */
final class Packing {
    private Packing() {}

    /** A strip at {@code at}: rows {@code row .. row + rows} of a row-major A, depths {@code from .. from + depth}. */
    static void strip(
            Source a, int lda, int row, int rows, int from, int depth, float[] strips, int at, short[] narrow) {
        for (int i = 0; i < rows; i++) {
            a.read((long) (row + i) * lda + from, depth, strips, at + i * STRIDE, narrow);
        }
    }

    /**
     * Strips below one another, rows {@code row .. row + rows} at {@code at}, where A's columns are the rows of op(A): whole runs of A are read, and turned in
     * squares. What follows a row up to a multiple of {@link Lanes#COUNT} is written, too, within its {@link Tile#STRIDE}.
     */
    static void stripsTransposed(
            Source a, int lda, int row, int rows, int from, int depth, Scratch s, float[] strips, int at) {
        for (int p = 0; p < depth; p++) {
            a.read((long) (from + p) * lda + row, rows, s.stage, p * rows, s.narrow);
        }
        Transpose.apply(Lanes.ceiling(depth), rows, s.stage, rows, strips, at, STRIDE);
    }

    /** Multiplies a strip by alpha. */
    static void scale(float alpha, int rows, int depth, float[] strips, int at) {
        for (int i = 0; i < rows; i++) {
            for (int p = at + i * STRIDE; p < at + i * STRIDE + depth; p++) {
                strips[p] *= alpha;
            }
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
            Transpose.apply(COLS, depth, s.stage, STRIDE, to, at + j * depth, COLS);
        }
    }
}
