package org.moelora.bench;

import java.util.function.DoubleSupplier;
import org.moelora.bench.contest.Rounds;

/** A turn that takes part in every round. */
record Measured(String name, int rounds, DoubleSupplier step) implements Rounds.Turn {
    Measured(String name, DoubleSupplier step) {
        this(name, Integer.MAX_VALUE, step);
    }

    @Override
    public double take() {
        return step.getAsDouble();
    }
}
