package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/**
 * {@code y_i = keep_i x_i / (1 - rate)}, keep_i one with probability 1 - rate (Srivastava et al. 2014). The mask is a pure function of
 * (key, i), so the backward pass makes it again instead of keeping it.
 */
public final class Dropout {
    private Dropout() {}

    /**
     * @param rate in [0, 1)
     */
    public static Tensor apply(Tape tape, Tensor x, float rate, long key) {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout is " + rate + "; expected at least 0 and less than 1");
        }
        boolean records = tape.records(x);
        Tensor y = tape.tensor(records, x.shape());
        tape.kernels().elementwise().dropout(key, rate, x.memory(), y.memory(), false);
        if (records) {
            tape.record("dropout", y, () -> {
                Tape.Grad dx = tape.grad(x);
                if (dx != null) {
                    tape.kernels().elementwise().dropout(key, rate, tape.gradOf(y), dx.memory(), dx.accumulate());
                }
            });
        }
        return y;
    }
}
