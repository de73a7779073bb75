package org.moelora.bench.contest;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/**
 * What several rounds measured: the median, and how far they lie apart.
 *
 * @param median of an even number of values the mean of the two in the middle
 */
public record Spread(double median, double min, double max, int rounds) {
    /**
     * @throws IllegalArgumentException if there are no values
     */
    public static Spread of(double... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("a spread needs at least one value");
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        double median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
        return new Spread(median, sorted[0], sorted[n - 1], n);
    }

    /** Of a function of those values that are numbers, like the rate that belongs to a time. */
    public static Spread of(double[] values, DoubleUnaryOperator function) {
        return ofKnown(Arrays.stream(values).map(function).toArray());
    }

    /**
     * The ratios of two contenders, round by round: what slows a whole round down cancels out. Rounds in which one of them did not take part are
     * NaN and count for nothing.
     */
    public static Spread ofRatios(double[] numerators, double[] denominators) {
        double[] ratios = new double[Math.min(numerators.length, denominators.length)];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = numerators[i] / denominators[i];
        }
        return ofKnown(ratios);
    }

    /** Of those values that are numbers. */
    public static Spread ofKnown(double[] values) {
        return of(Arrays.stream(values).filter(v -> !Double.isNaN(v)).toArray());
    }

    /** All of it in units of something positive. */
    public Spread over(double unit) {
        return new Spread(median / unit, min / unit, max / unit, rounds);
    }

    /** {@code 1.02 (0.98..1.05)}, or the median alone where there was one round. */
    @Override
    public String toString() {
        return rounds == 1 ? digits(median) : digits(median) + " (" + digits(min) + ".." + digits(max) + ")";
    }

    /** Three digits that count, or all before the point. */
    public static String digits(double value) {
        int before = value == 0 ? 1 : (int) Math.floor(Math.log10(Math.abs(value))) + 1;
        int decimals = value == Math.rint(value) && before < 3 ? 0 : Math.clamp(3 - before, 0, 6);
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
