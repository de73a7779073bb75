package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.CacheBlocks.BLOCK;
import static org.moelora.bench.gemm.CacheBlocks.DEPTH;
import static org.moelora.bench.gemm.CacheBlocks.STRIDE;
import static org.moelora.bench.gemm.TallTile.COLS;
import static org.moelora.bench.gemm.TallTile.ROWS;

import java.util.Arrays;

/** Step 10: B is a frozen weight, so it is packed once and multiplied as often as one likes. */
final class PackedOnce {
    private final int n;
    private final int k;
    private final int padded;
    private final float[] panels;

    PackedOnce(int n, int k, float[] b) {
        this.n = n;
        this.k = k;
        padded = (n + COLS - 1) / COLS * COLS;
        panels = new float[padded * k];
        for (int from = 0; from < k; from += DEPTH) {
            PackedPanels.pack(b, n, from, Math.min(DEPTH, k - from), 0, n, COLS, panels, from * padded);
        }
    }

    void multiply(int m, float[] a, float[] c) {
        multiply(0, m, a, c);
    }

    /** Rows {@code fromRow .. toRow} of C. The panels are only read, so any number of threads may do so at once. */
    void multiply(int fromRow, int toRow, float[] a, float[] c) {
        float[] strip = new float[ROWS * STRIDE];
        float[] spare = new float[ROWS * COLS];
        Arrays.fill(c, fromRow * n, toRow * n, 0);
        for (int from = 0; from < k; from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            for (int col = 0; col < n; col += BLOCK) {
                int cols = Math.min(BLOCK, n - col);
                for (int row = fromRow; row < toRow; row += ROWS) {
                    int rows = Math.min(ROWS, toRow - row);
                    CacheBlocks.strip(a, k, row, rows, from, depth, strip);
                    for (int j = 0; j < cols; j += COLS) {
                        int at = from * padded + (col + j) * depth;
                        int width = Math.min(COLS, cols - j);
                        WholeEdges.tile(rows, width, depth, strip, panels, at, spare, c, row * n + col + j, n);
                    }
                }
            }
        }
    }
}
