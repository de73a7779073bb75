package org.moelora.kernels.simd;

import jdk.incubator.vector.VectorShape;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.cpu.Buffers;
import org.moelora.kernels.cpu.Workers;
import org.moelora.kernels.plain.PlainKernels;

/** Kernels in the JDK Vector API, on all threads of a CPU device. Loaded only where the JVM has the vector module. */
public final class SimdKernels {
    private SimdKernels() {}

    public static Kernels on(Workers workers, Buffers buffers) {
        Kernels plain = PlainKernels.kernels();
        Pool<Scratch> pool = new Pool<>(() -> new Scratch(buffers));
        return new Kernels(
                new SimdMatMul(workers, pool, plain.matMul()),
                new SimdRows(workers),
                new SimdAttention(workers, buffers, plain.attention()),
                new SimdElementwise(workers),
                new SimdTokens(workers, pool),
                new SimdMixture(workers, plain.mixture()),
                new SimdOptimizer(workers));
    }

    /** Bits of the vectors that the JVM prefers. */
    public static int preferredBits() {
        return VectorShape.preferredShape().vectorBitSize();
    }

    /** One line on what was found, without the device's name. */
    public static String description() {
        return Lanes.FLOATS.vectorBitSize() + "-bit Vector API";
    }
}
