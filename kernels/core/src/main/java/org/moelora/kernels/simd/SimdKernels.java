package org.moelora.kernels.simd;

import jdk.incubator.vector.VectorShape;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Mixture;
import org.moelora.kernels.Optimizer;
import org.moelora.kernels.Rows;
import org.moelora.kernels.Tokens;
import org.moelora.kernels.cpu.Buffers;
import org.moelora.kernels.cpu.Workers;
import org.moelora.kernels.plain.PlainKernels;

/** Kernels in the JDK Vector API, on all threads of a CPU device. Loaded only where the JVM has the vector module. */
public final class SimdKernels implements Kernels {
    private final MatMul matMul;
    private final Rows rows;
    private final Attention attention;
    private final Elementwise elementwise;
    private final Tokens tokens;
    private final Mixture mixture;
    private final Optimizer optimizer;

    public SimdKernels(Workers workers, Buffers buffers) {
        Kernels plain = new PlainKernels();
        Pool<Scratch> pool = new Pool<>(() -> new Scratch(buffers));
        matMul = new SimdMatMul(workers, pool, plain.matMul());
        rows = new SimdRows(workers);
        attention = new SimdAttention(workers, buffers, plain.attention());
        elementwise = new SimdElementwise(workers);
        tokens = new SimdTokens(workers, pool);
        mixture = new SimdMixture(workers, plain.mixture());
        optimizer = new SimdOptimizer(workers);
    }

    /** Bits of the vectors that the JVM prefers. */
    public static int preferredBits() {
        return VectorShape.preferredShape().vectorBitSize();
    }

    /** One line on what was found, without the device's name. */
    public static String description() {
        return Lanes.FLOATS.vectorBitSize() + "-bit Vector API";
    }

    @Override
    public MatMul matMul() {
        return matMul;
    }

    @Override
    public Rows rows() {
        return rows;
    }

    @Override
    public Attention attention() {
        return attention;
    }

    @Override
    public Elementwise elementwise() {
        return elementwise;
    }

    @Override
    public Tokens tokens() {
        return tokens;
    }

    @Override
    public Mixture mixture() {
        return mixture;
    }

    @Override
    public Optimizer optimizer() {
        return optimizer;
    }
}
