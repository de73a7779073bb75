package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Elementwise;

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
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("dropout")
                .differentiable(x)
                .forward(x.shape(), (v, y) -> kernels.dropout(key, rate, v.of(x), y))
                // dx_i = keep_i dy_i / (1 - rate)
                .backward((v, dy, d) -> kernels.dropout(key, rate, dy, d.of(x)));
    }
}
