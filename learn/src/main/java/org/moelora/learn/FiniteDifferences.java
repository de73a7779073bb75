package org.moelora.learn;

import java.util.function.DoubleSupplier;

/** What a gradient is, taken at its word: how much the loss changes when one number is changed a little. Slow, and hard to get wrong. */
public final class FiniteDifferences {
    private static final double H = 1e-6;

    private FiniteDifferences() {}

    /** {@code dx_ij = (L(x_ij + h) - L(x_ij - h)) / 2h}, by changing x in place and putting it back. */
    public static double[][] of(double[][] x, DoubleSupplier loss) {
        double[][] dx = new double[x.length][x[0].length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x[i].length; j++) {
                double here = x[i][j];
                x[i][j] = here + H;
                double above = loss.getAsDouble();
                x[i][j] = here - H;
                double below = loss.getAsDouble();
                x[i][j] = here;
                dx[i][j] = (above - below) / (2 * H);
            }
        }
        return dx;
    }

    /** How far two matrices are apart: the norm of the difference over the norm of what is expected, or over 1e-3 if that is less. */
    public static double distance(double[][] actual, double[][] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            for (int j = 0; j < expected[i].length; j++) {
                difference += (actual[i][j] - expected[i][j]) * (actual[i][j] - expected[i][j]);
                norm += expected[i][j] * expected[i][j];
            }
        }
        return Math.sqrt(difference) / Math.max(1e-3, Math.sqrt(norm));
    }
}
