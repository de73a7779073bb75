package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.get;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.cpu.Workers;

/** Sums over all elements of a span, in an order that the number of threads does not change: block by block, then the blocks. */
final class Sums {
    private static final long BLOCK = 1 << 14;

    /** The sum of one block. */
    @FunctionalInterface
    interface Part {
        double sum(long from, long to);
    }

    /** Sums of squares beyond these are computed again in double: of some of the squares float32 has lost too much, or all. */
    private static final double LEAST = 1e-30;

    private static final double MOST = 1e38;

    private Sums() {}

    /** Whether a sum of squares was made well in float32. */
    static boolean holds(double squares) {
        return squares >= LEAST && squares <= MOST;
    }

    /** {@code sum_i (x_i - mean)^2} in double. */
    static double squares(MemorySegment xs, long from, long to, double mean) {
        double sum = 0;
        for (long i = from; i < to; i++) {
            double off = get(xs, i) - mean;
            sum += off * off;
        }
        return sum;
    }

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
