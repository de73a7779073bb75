package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.CacheBlocks.BLOCK;
import static org.moelora.bench.gemm.CacheBlocks.DEPTH;
import static org.moelora.bench.gemm.CacheBlocks.STRIDE;
import static org.moelora.bench.gemm.TallTile.COLS;
import static org.moelora.bench.gemm.TallTile.ROWS;

import java.util.Arrays;

/** Step 9: the last rows and columns are multiplied by the same tile, and what lies beside C is thrown away. */
final class WholeEdges {
    private final float[] panels = new float[DEPTH * BLOCK];
    private final float[] strip = new float[ROWS * STRIDE];
    private final float[] spare = new float[ROWS * COLS];

    void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        Arrays.fill(c, 0, m * n, 0);
        for (int from = 0; from < k; from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            for (int col = 0; col < n; col += BLOCK) {
                int cols = Math.min(BLOCK, n - col);
                PackedPanels.pack(b, n, from, depth, col, cols, COLS, panels, 0);
                for (int row = 0; row < m; row += ROWS) {
                    int rows = Math.min(ROWS, m - row);
                    CacheBlocks.strip(a, k, row, rows, from, depth, strip);
                    for (int j = 0; j < cols; j += COLS) {
                        int width = Math.min(COLS, cols - j);
                        tile(rows, width, depth, strip, panels, j * depth, spare, c, row * n + col + j, n);
                    }
                }
            }
        }
    }

    /** {@code C += A B} on the first {@code rows} rows and {@code width} columns of a tile. */
    static void tile(
            int rows,
            int width,
            int depth,
            float[] strip,
            float[] panels,
            int bAt,
            float[] spare,
            float[] c,
            int cAt,
            int ldc) {
        if (rows == ROWS && width == COLS) {
            TallTile.tile(depth, strip, 0, STRIDE, panels, bAt, COLS, c, cAt, ldc);
            return;
        }
        Arrays.fill(spare, 0);
        TallTile.tile(depth, strip, 0, STRIDE, panels, bAt, COLS, spare, 0, COLS);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < width; j++) {
                c[cAt + i * ldc + j] += spare[i * COLS + j];
            }
        }
    }
}
