package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/** {@code y_ti = exp(x_ti) / sum_j exp(x_tj)}. */
public final class Softmax {
    private Softmax() {}

    public static Tensor apply(Tape tape, Tensor x) {
        int rows = x.shape().rows();
        int cols = x.shape().cols();
        boolean records = tape.records(x);
        Tensor y = tape.tensor(records, x.shape());
        tape.kernels().rows().softmax(rows, cols, x.memory(), y.memory());
        if (records) {
            // dx = y .* (dy - <y, dy>)
            tape.record(
                    "softmax",
                    y,
                    () -> {
                        Tape.Grad dx = tape.grad(x);
                        if (dx != null) {
                            tape.kernels()
                                    .rows()
                                    .softmaxGrad(rows, cols, y.memory(), tape.gradOf(y), dx.memory(), dx.accumulate());
                        }
                    },
                    y);
        }
        return y;
    }
}
