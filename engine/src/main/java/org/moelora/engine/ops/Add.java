package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/** {@code y = a + b}: the residual connection. */
public final class Add {
    private Add() {}

    public static Tensor apply(Tape tape, Tensor a, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            throw new IllegalArgumentException("cannot add " + a.shape() + " and " + b.shape());
        }
        boolean records = tape.records(a, b);
        Tensor y = tape.tensor(records, a.shape());
        tape.kernels().elementwise().add(a.memory(), b.memory(), y.memory());
        if (records) {
            // da = dy, db = dy
            tape.record("add", y, () -> {
                tape.copyGrad(y, b);
                tape.passGrad(y, a);
            });
        }
        return y;
    }
}
