package org.moelora.bench.gemm;

import static org.moelora.bench.gemm.TallTile.ROWS;

/** Step 11: every core takes a share of the rows. */
final class AllCores {
    private final PackedOnce weight;
    private final int threads;

    AllCores(int n, int k, float[] b, int threads) {
        weight = new PackedOnce(n, k, b);
        this.threads = threads;
    }

    void multiply(int m, float[] a, float[] c) {
        int strips = (m + ROWS - 1) / ROWS;
        Thread[] others = new Thread[threads - 1];
        for (int t = 0; t < others.length; t++) {
            int fromRow = strips * t / threads * ROWS;
            int toRow = strips * (t + 1) / threads * ROWS;
            others[t] = Thread.ofPlatform().start(() -> weight.multiply(fromRow, toRow, a, c));
        }
        weight.multiply(strips * (threads - 1) / threads * ROWS, m, a, c);
        for (Thread other : others) {
            join(other);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while another thread still writes C", e);
        }
    }
}
