package org.moelora.together;

import java.util.Random;
import org.moelora.adapter.Adapter;
import org.moelora.engine.Parameter;

/** Random values, so that an adapter changes what its model says. */
final class Numbers {
    private Numbers() {}

    static void randomise(Adapter adapter, long seed) {
        Random random = new Random(seed);
        for (Parameter parameter : adapter.parameters().parameters()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian() * 0.1f;
            }
            parameter.set(values);
        }
    }
}
