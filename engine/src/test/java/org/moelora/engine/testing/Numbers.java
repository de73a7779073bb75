package org.moelora.engine.testing;

import java.util.Random;
import java.util.stream.IntStream;

/** Numbers for tests. */
public final class Numbers {
    private Numbers() {}

    /** Standard normal, the same for the same seed. */
    public static float[] normal(long seed, int n) {
        Random random = new Random(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    public static double[] doubles(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    public static float[] floats(double[] values) {
        float[] copy = new float[values.length];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = (float) values[i];
        }
        return copy;
    }

    /** The transpose of {@code [rows, cols]}. */
    public static float[] transposed(float[] values, int rows, int cols) {
        float[] turned = new float[values.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < cols; j++) {
                turned[j * rows + i] = values[i * cols + j];
            }
        }
        return turned;
    }
}
