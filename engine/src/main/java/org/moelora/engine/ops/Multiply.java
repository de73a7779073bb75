package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Elementwise;

/** {@code y_i = a_i b_i}. */
public final class Multiply {
    private Multiply() {}

    public static Tensor apply(Tape tape, Tensor a, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            throw new IllegalArgumentException("cannot multiply " + a.shape() + " and " + b.shape());
        }
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("multiply")
                .differentiable(a, b)
                .reads(a, b)
                .forward(a.shape(), (v, y) -> kernels.multiply(v.of(a), v.of(b), y))
                // da = dy .* b, db = dy .* a
                .backward((v, dy, d) -> {
                    kernels.multiply(dy, v.of(b), d.of(a));
                    kernels.multiply(dy, v.of(a), d.of(b));
                });
    }
}
