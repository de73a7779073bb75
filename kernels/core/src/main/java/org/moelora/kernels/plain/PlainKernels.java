package org.moelora.kernels.plain;

import org.moelora.kernels.Kernels;

/**
 * The definition of every kernel: loops that read like the formula, sums in double precision, one thread. The other
 * implementations are tested against these.
 */
public final class PlainKernels {
    private PlainKernels() {}

    public static Kernels kernels() {
        return new Kernels(
                new PlainMatMul(),
                new PlainRows(),
                new PlainAttention(),
                new PlainElementwise(),
                new PlainTokens(),
                new PlainMixture(),
                new PlainOptimizer());
    }
}
