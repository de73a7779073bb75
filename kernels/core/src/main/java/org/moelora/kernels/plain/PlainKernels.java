package org.moelora.kernels.plain;

import org.moelora.kernels.Attention;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Mixture;
import org.moelora.kernels.Optimizer;
import org.moelora.kernels.Rows;
import org.moelora.kernels.Tokens;

/**
 * The definition of every kernel: loops that read like the formula, sums in double precision, one thread. The other
 * implementations are tested against these.
 */
public final class PlainKernels implements Kernels {
    private final MatMul matMul = new PlainMatMul();
    private final Rows rows = new PlainRows();
    private final Attention attention = new PlainAttention();
    private final Elementwise elementwise = new PlainElementwise();
    private final Tokens tokens = new PlainTokens();
    private final Mixture mixture = new PlainMixture();
    private final Optimizer optimizer = new PlainOptimizer();

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
