package org.moelora.kernels.opencl;

import org.moelora.kernels.Attention;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Mixture;
import org.moelora.kernels.Optimizer;
import org.moelora.kernels.Rows;
import org.moelora.kernels.Tokens;

/** All families on one device. */
final class OpenClKernels implements Kernels, AutoCloseable {
    /** Groups for each unit that keep it busy. */
    private static final int GROUPS_PER_UNIT = 2;

    private final Partials partials;
    private final Constants constants;
    private final OpenClMatMul matMul;
    private final OpenClRows rows;
    private final OpenClAttention attention;
    private final OpenClElementwise elementwise;
    private final OpenClTokens tokens;
    private final OpenClMixture mixture;
    private final OpenClOptimizer optimizer;

    OpenClKernels(Commands commands, Programs programs, Platforms.Listed listed, Tiles tiles) {
        int busy = GROUPS_PER_UNIT * listed.units();
        this.partials = new Partials(commands, programs);
        this.constants = new Constants(commands);
        this.matMul = new OpenClMatMul(commands, programs, tiles, busy);
        this.rows = new OpenClRows(commands, programs, partials, constants, busy);
        this.attention = new OpenClAttention(commands, programs, constants, listed);
        this.elementwise = new OpenClElementwise(commands, programs);
        this.tokens = new OpenClTokens(commands, programs);
        this.mixture = new OpenClMixture(commands, programs);
        this.optimizer = new OpenClOptimizer(commands, programs, partials);
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

    @Override
    public void close() {
        partials.close();
        matMul.close();
        rows.close();
        constants.close();
        mixture.close();
        attention.close();
    }
}
