package org.moelora.compare;

/**
 * The mean of differences between pairs that share a seed, with a 95 % interval by Student's t: {@code mean -+ t s / sqrt(n)}, s the deviation of the differences
 * and t the quantile 0.975 with n - 1 degrees of freedom.
 *
 * @param mean of the differences
 * @param low end of the interval; minus infinity with one pair
 * @param high end of the interval; infinity with one pair
 */
public record PairedDifference(double mean, double low, double high) {
    /** For 1 to 30 degrees of freedom; above, the normal distribution's value is near enough. */
    private static final double[] T = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042
    };

    /**
     * Of a minus b.
     *
     * @throws IllegalArgumentException if there are not as many of one as of the other, or none
     */
    public static PairedDifference of(double[] a, double[] b) {
        if (a.length != b.length || a.length == 0) {
            throw new IllegalArgumentException(a.length + " values and " + b.length + " do not make pairs");
        }
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = a[i] - b[i];
        }
        double mean = mean(difference);
        if (a.length == 1) {
            return new PairedDifference(mean, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
        }
        int freedom = a.length - 1;
        double t = freedom <= T.length ? T[freedom - 1] : 1.96;
        double half = t * deviation(difference) / Math.sqrt(a.length);
        return new PairedDifference(mean, mean - half, mean + half);
    }

    static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    /** With n - 1 in the denominator; NaN for one value. */
    static double deviation(double[] values) {
        double mean = mean(values);
        double sum = 0;
        for (double value : values) {
            sum += (value - mean) * (value - mean);
        }
        return Math.sqrt(sum / (values.length - 1));
    }
}
