package org.moelora.learn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;

/** Between the lessons' matrices and the engine's flat float32. */
final class Floats {
    private Floats() {}

    static float[] of(double[][] values) {
        int cols = values[0].length;
        float[] floats = new float[values.length * cols];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i / cols][i % cols];
        }
        return floats;
    }

    static void same(String what, float[] actual, double[][] expected, double tolerance) {
        int cols = expected[0].length;
        assertThat(actual.length).as(what).isEqualTo(expected.length * cols);
        double[][] rows = new double[expected.length][cols];
        for (int i = 0; i < rows.length; i++) {
            int row = i;
            Arrays.setAll(rows[i], j -> actual[row * cols + j]);
        }
        assertThat(FiniteDifferences.distance(rows, expected)).as(what).isLessThanOrEqualTo(tolerance);
    }

    /** The gradient of the mean cross-entropy, {@code (softmax(y_t) - onehot(target_t)) / T}: a way to begin a backward pass at any y. */
    static double[][] crossEntropyGrad(double[][] y, int[] targets) {
        double[][] dy = MoeLora.softmax(y);
        for (int t = 0; t < dy.length; t++) {
            dy[t][targets[t]] -= 1;
            for (int i = 0; i < dy[t].length; i++) {
                dy[t][i] /= dy.length;
            }
        }
        return dy;
    }
}
