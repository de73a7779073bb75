package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.TallTile.COLS;
import static org.moelora.bench.gemm.TallTile.ROWS;

import java.util.Arrays;

/** Step 8: a block of B stays in the second-level cache and a strip of A in the first, while they are multiplied. */
final class CacheBlocks {
    /** Rows of B in a block. */
    static final int DEPTH = 256;

    /** Columns of B in a block: with {@link #DEPTH} rows, 512 KiB. */
    static final int BLOCK = 512;

    /** From one row of the strip to the next; no power of two. */
    static final int STRIDE = DEPTH + 16;

    private final float[] panels = new float[DEPTH * BLOCK];
    private final float[] strip = new float[ROWS * STRIDE];

    void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        int rows = m - m % ROWS;
        int wholeCols = n - n % COLS;
        Arrays.fill(c, 0, m * n, 0);
        for (int from = 0; from < k; from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            for (int col = 0; col < wholeCols; col += BLOCK) {
                int cols = Math.min(BLOCK, wholeCols - col);
                PackedPanels.pack(b, n, from, depth, col, cols, COLS, panels, 0);
                for (int i = 0; i < rows; i += ROWS) {
                    strip(a, k, i, ROWS, from, depth, strip);
                    for (int j = 0; j < cols; j += COLS) {
                        TallTile.tile(depth, strip, 0, STRIDE, panels, j * depth, COLS, c, i * n + col + j, n);
                    }
                }
            }
        }
        ThreeLoops.multiply(rows, m, 0, wholeCols, n, k, a, b, c);
        ThreeLoops.multiply(0, m, wholeCols, n, n, k, a, b, c);
    }

    /** Copies {@code rows} rows of A from row {@code row} on, {@code depth} elements of each. */
    static void strip(float[] a, int k, int row, int rows, int from, int depth, float[] strip) {
        for (int i = 0; i < rows; i++) {
            System.arraycopy(a, (row + i) * k + from, strip, i * STRIDE, depth);
        }
    }
}
