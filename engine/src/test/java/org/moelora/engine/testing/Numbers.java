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
}
