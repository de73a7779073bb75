package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/** {@code y_i = 1 / (1 + exp(-x_i))}. */
public final class Sigmoid {
    private Sigmoid() {}

    public static Tensor apply(Tape tape, Tensor x) {
        boolean records = tape.records(x);
        Tensor y = tape.tensor(records, x.shape());
        tape.kernels().elementwise().sigmoid(x.memory(), y.memory());
        if (records) {
            // dx = dy y (1 - y)
            tape.record(
                    "sigmoid",
                    y,
                    () -> {
                        Tape.Grad dx = tape.grad(x);
                        if (dx != null) {
                            tape.kernels()
                                    .elementwise()
                                    .sigmoidGrad(y.memory(), tape.gradOf(y), dx.memory(), dx.accumulate());
                        }
                    },
                    y);
        }
        return y;
    }
}
