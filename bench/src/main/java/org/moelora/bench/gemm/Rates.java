package org.moelora.bench.gemm;

import java.util.Arrays;
import java.util.Locale;

/**
 * What rounds of one step on one size gave.
 *
 * @param rows rows of C that were multiplied: fewer than there are where one product takes seconds
 * @param gigaflops GFLOP/s of each round, ascending
 * @param bytes allocated by a product, the least of all rounds
 */
record Rates(Step step, Size size, int rows, double[] gigaflops, long bytes) {
    Rates {
        Arrays.sort(gigaflops);
    }

    double median() {
        return median(gigaflops);
    }

    double least() {
        return gigaflops[0];
    }

    double most() {
        return gigaflops[gigaflops.length - 1];
    }

    static double median(double[] sorted) {
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /** Three digits, or two below ten. */
    static String number(double x) {
        return String.format(Locale.ROOT, x < 0.995 ? "%.2f" : x < 99.95 ? "%.1f" : "%.0f", x);
    }
}
