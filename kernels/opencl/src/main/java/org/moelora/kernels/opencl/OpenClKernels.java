package org.moelora.kernels.opencl;

import org.moelora.kernels.Kernels;

/** All families on one device, and the memory that they share. */
final class OpenClKernels implements AutoCloseable {
    /** Groups for each unit that keep it busy. */
    private static final int GROUPS_PER_UNIT = 2;

    /** Numbers of a product that keep a unit of a card busy, in whatever tiles, as measured; and one of a processor. */
    private static final int CARD_NUMBERS = 16384;

    private static final int PROCESSOR_NUMBERS = 2048;

    private final Scratch scratch;
    private final Constants constants;
    private final Kernels kernels;

    OpenClKernels(Commands commands, Programs programs, Platforms.Listed listed, Tiles tiles) {
        int busy = GROUPS_PER_UNIT * listed.units();
        scratch = new Scratch(commands);
        constants = new Constants(commands);
        kernels = new Kernels(
                new OpenClMatMul(commands, programs, scratch, tiles, busy(listed)),
                new OpenClRows(commands, programs, scratch, constants, busy),
                new OpenClAttention(commands, programs, scratch, constants, listed),
                new OpenClElementwise(commands, programs),
                new OpenClTokens(commands, programs),
                new OpenClMixture(commands, programs, scratch),
                new OpenClOptimizer(commands, programs, scratch));
    }

    private static long busy(Platforms.Listed listed) {
        return (long) listed.units() * (listed.gpu() ? CARD_NUMBERS : PROCESSOR_NUMBERS);
    }

    Kernels kernels() {
        return kernels;
    }

    @Override
    public void close() {
        scratch.close();
        constants.close();
    }
}
