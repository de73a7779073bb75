package org.moelora.kernels.simd;

import org.moelora.kernels.cpu.Workers;

/** Sums over all elements of a span, in an order that the number of threads does not change: block by block, then the blocks. */
final class Sums {
    private static final long BLOCK = 1 << 14;

    /** The sum of one block. */
    @FunctionalInterface
    interface Part {
        double sum(long from, long to);
    }

    private Sums() {}

    static double blocked(Workers workers, long n, Part part) {
        if (n <= BLOCK) {
            return part.sum(0, n);
        }
        double[] sums = new double[Math.toIntExact((n + BLOCK - 1) / BLOCK)];
        Ranges.run(workers, sums.length, 1, BLOCK, (from, to) -> {
            for (long block = from; block < to; block++) {
                sums[(int) block] = part.sum(block * BLOCK, Math.min(n, (block + 1) * BLOCK));
            }
        });
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        return total;
    }
}
