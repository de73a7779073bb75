package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Tile.COLS;
import static org.moelora.kernels.simd.Tile.STRIDE;

import java.util.Arrays;

/** Brings parts of op(A) and op(B) into the layouts that {@link Tile} reads. */
final class Packing {
    private Packing() {}

    /** Rows {@code row .. row + rows} of a row-major A, depths {@code from .. from + depth}; missing rows become zeros. */
    static void strip(Source a, int lda, int row, int rows, int height, int from, int depth, Scratch s) {
        for (int i = 0; i < rows; i++) {
            a.read((long) (row + i) * lda + from, depth, s.strip, i * STRIDE, s.narrow);
        }
        clear(rows, height, depth, s.strip);
    }

    /** Columns {@code row .. row + rows} of A, to be cut into strips by {@link #stripOfGroup}. */
    static void group(Source a, int lda, int row, int rows, int from, int depth, Scratch s) {
        for (int p = 0; p < depth; p++) {
            a.read((long) (from + p) * lda + row, rows, s.stage, p * Scratch.GROUP, s.narrow);
        }
    }

    /** Rows {@code first .. first + rows} of the group, transposed into a strip. */
    static void stripOfGroup(int first, int rows, int height, int depth, Scratch s) {
        transpose(s.stage, first, Scratch.GROUP, depth, s.strip, 0, STRIDE, rows);
        clear(rows, height, depth, s.strip);
    }

    private static void clear(int rows, int height, int depth, float[] strip) {
        for (int i = rows; i < height; i++) {
            Arrays.fill(strip, i * STRIDE, i * STRIDE + depth, 0);
        }
    }

    /** Columns {@code col .. col + cols} of a row-major B in panels; the last panel is filled up with zeros. */
    static void panels(Source b, int ldb, int col, int cols, int from, int depth, Scratch s) {
        int padded = (cols + COLS - 1) / COLS * COLS;
        Arrays.fill(s.stage, cols, padded, 0);
        for (int p = 0; p < depth; p++) {
            b.read((long) (from + p) * ldb + col, cols, s.stage, 0, s.narrow);
            for (int j = 0; j < padded; j += COLS) {
                System.arraycopy(s.stage, j, s.panels, j * depth + p * COLS, COLS);
            }
        }
    }

    /** The same where B's rows are the columns of op(B), as a weight's are in {@code x W^T}. */
    static void panelsTransposed(Source b, int ldb, int col, int cols, int from, int depth, Scratch s) {
        for (int j = 0; j < cols; j += COLS) {
            int width = Math.min(COLS, cols - j);
            for (int i = 0; i < width; i++) {
                b.read((long) (col + j + i) * ldb + from, depth, s.stage, i * STRIDE, s.narrow);
            }
            for (int i = width; i < COLS; i++) {
                Arrays.fill(s.stage, i * STRIDE, i * STRIDE + depth, 0);
            }
            transpose(s.stage, 0, STRIDE, COLS, s.panels, j * depth, COLS, depth);
        }
    }

    /** {@code to[i][j] = from[j][i]} for i below {@code rows} and j below {@code cols}. */
    private static void transpose(
            float[] from, int fromAt, int fromStride, int cols, float[] to, int toAt, int toStride, int rows) {
        for (int i = 0; i < rows; i++) {
            int source = fromAt + i;
            int target = toAt + i * toStride;
            for (int j = 0; j < cols; j++) {
                to[target + j] = from[source + j * fromStride];
            }
        }
    }
}
