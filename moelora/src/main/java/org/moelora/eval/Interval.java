package org.moelora.eval;

/**
 * A confidence interval of a share.
 *
 * @param low 0 to 1
 * @param high 0 to 1
 */
public record Interval(double low, double high) {
    /** The 97.5 % point of the normal distribution. */
    private static final double Z = 1.959963984540054;

    /**
     * The 95 % score interval (Wilson 1927, Journal of the American Statistical Association 22, 209 to 212), without continuity correction: with p =
     * correct / n and z = 1.96, {@code (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)}. It stays within 0 and
     * 1, and has a width where all answers are right or all are wrong.
     *
     * @param n at least {@code correct}; of no questions nothing is known, 0 to 1
     * @throws IllegalArgumentException if counts are negative, or more are right than asked
     */
    public static Interval wilson(int correct, int n) {
        if (correct < 0 || correct > n) {
            throw new IllegalArgumentException(correct + " right answers to " + n + " questions");
        }
        if (n == 0) {
            return new Interval(0, 1);
        }
        double p = (double) correct / n;
        double scale = 1 + Z * Z / n;
        double centre = (p + Z * Z / (2.0 * n)) / scale;
        double half = Z * Math.sqrt(p * (1 - p) / n + Z * Z / (4.0 * n * n)) / scale;
        return new Interval(
                correct == 0 ? 0 : Math.max(0, centre - half), correct == n ? 1 : Math.min(1, centre + half));
    }
}
