package org.moelora.kernels.conformance;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.kernels.Memory;

/** {@link org.moelora.kernels.Optimizer} against plain. */
public abstract class OptimizerConformance extends Conformance {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 16, 17, 33, 702, 16_384, 100_003})
    void normAndClipping(int n) {
        float[] x = normal(n);
        check("norm", 1e-5, s -> s.kernels().optimizer().norm(s.of(x), s.out(1)));
        for (float maxNorm : new float[] {0, 1e-3f, 1e9f}) {
            check("clipScale", 1e-6, s -> s.kernels().optimizer().clipScale(s.of(4f * n), maxNorm, s.out(1)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 13, 16, 17, 33, 702, 100_003})
    void adamW(int n) {
        float[] w = normal(n);
        float[] grad = normal(n);
        float[] m = normal(n);
        float[] v = normal(n);
        for (int i = 0; i < n; i++) {
            v[i] *= v[i];
        }
        for (long step : new long[] {1, 2, 5000}) {
            check(
                    "adamW step " + step,
                    1e-5,
                    s -> s.kernels()
                            .optimizer()
                            .adamW(
                                    s.inOut(w),
                                    s.of(grad),
                                    s.inOut(m),
                                    s.inOut(v),
                                    s.of(0.7f),
                                    3e-3,
                                    0.9,
                                    0.999,
                                    1e-8,
                                    0.1,
                                    step));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {40})
    void adamWFromZeroMoments(int n) {
        float[] w = normal(n);
        float[] grad = normal(n);
        grad[3] = 0;
        check("first steps", 1e-5, s -> {
            Memory ws = s.inOut(w);
            Memory ms = s.inOut(new float[n]);
            Memory vs = s.inOut(new float[n]);
            for (int step = 1; step <= 5; step++) {
                s.kernels().optimizer().adamW(ws, s.of(grad), ms, vs, s.of(1f), 1e-2, 0.9, 0.95, 1e-8, 0, step);
            }
        });
    }
}
