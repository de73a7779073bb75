package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/** {@code y = alpha x}. */
public final class Scale {
    private Scale() {}

    public static Tensor apply(Tape tape, Tensor x, float alpha) {
        boolean records = tape.records(x);
        Tensor y = tape.tensor(records, x.shape());
        tape.kernels().elementwise().scale(alpha, x.memory(), y.memory(), false);
        if (records) {
            tape.record("scale", y, () -> backward(tape, x, alpha, y));
        }
        return y;
    }

    /** {@code dx = alpha dy}. */
    private static void backward(Tape tape, Tensor x, float alpha, Tensor y) {
        Tape.Grad dx = tape.grad(x);
        if (dx != null) {
            tape.kernels().elementwise().scale(alpha, tape.gradOf(y), dx.memory(), dx.accumulate());
        }
    }
}
