package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Elementwise;

/** {@code y = a + b}: the residual connection. */
public final class Add {
    private Add() {}

    public static Tensor apply(Tape tape, Tensor a, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            throw new IllegalArgumentException("cannot add " + a.shape() + " and " + b.shape());
        }
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("add")
                .differentiable(a, b)
                .forward(a.shape(), (v, y) -> kernels.add(v.of(a), v.of(b), y))
                // da = dy, db = dy
                .backward((v, dy, d) -> d.pass(a, b));
    }
}
