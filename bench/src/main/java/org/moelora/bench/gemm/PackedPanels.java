package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.RegisterTile.COLS;
import static org.moelora.bench.gemm.RegisterTile.ROWS;

import java.util.Arrays;

/** Step 6: B is copied into panels, so that the tile reads it without a gap. */
final class PackedPanels {
    private final float[] panels;

    PackedPanels(int n, int k) {
        panels = new float[n / COLS * COLS * k];
    }

    void multiply(int m, int n, int k, float[] a, float[] b, float[] c) {
        int rows = m - m % ROWS;
        int cols = n - n % COLS;
        Arrays.fill(c, 0, m * n, 0);
        pack(b, n, 0, k, 0, cols, COLS, panels, 0);
        for (int i = 0; i < rows; i += ROWS) {
            for (int j = 0; j < cols; j += COLS) {
                RegisterTile.tile(k, a, i * k, k, panels, j * k, COLS, c, i * n + j, n);
            }
        }
        ThreeLoops.multiply(rows, m, 0, cols, n, k, a, b, c);
        ThreeLoops.multiply(0, m, cols, n, n, k, a, b, c);
    }

    /**
     * Panels {@code [panel][depth][width]} of the rows {@code from .. from + depth} and columns {@code col .. col + cols} of B. Beside the
     * last column the last panel is left as it was.
     */
    static void pack(float[] b, int n, int from, int depth, int col, int cols, int width, float[] panels, int at) {
        for (int p = 0; p < depth; p++) {
            for (int j = 0; j < cols; j += width) {
                int length = Math.min(width, cols - j);
                System.arraycopy(b, (from + p) * n + col + j, panels, at + j * depth + p * width, length);
            }
        }
    }
}
