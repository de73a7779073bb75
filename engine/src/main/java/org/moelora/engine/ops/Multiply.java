package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/** {@code y_i = a_i b_i}. */
public final class Multiply {
    private Multiply() {}

    public static Tensor apply(Tape tape, Tensor a, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            throw new IllegalArgumentException("cannot multiply " + a.shape() + " and " + b.shape());
        }
        boolean records = tape.records(a, b);
        Tensor y = tape.tensor(records, a.shape());
        tape.kernels().elementwise().multiply(a.memory(), b.memory(), y.memory(), false);
        if (records) {
            tape.record(
                    "multiply",
                    y,
                    () -> {
                        product(tape, y, b, a);
                        product(tape, y, a, b);
                    },
                    a,
                    b);
        }
        return y;
    }

    /** {@code dinput = dy .* other}. */
    private static void product(Tape tape, Tensor y, Tensor other, Tensor input) {
        Tape.Grad d = tape.grad(input);
        if (d != null) {
            tape.kernels().elementwise().multiply(tape.gradOf(y), other.memory(), d.memory(), d.accumulate());
        }
    }
}
