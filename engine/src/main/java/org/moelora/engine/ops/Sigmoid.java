package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Elementwise;

/** {@code y_i = 1 / (1 + exp(-x_i))}. */
public final class Sigmoid {
    private Sigmoid() {}

    public static Tensor apply(Tape tape, Tensor x) {
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("sigmoid")
                .differentiable(x)
                .readsOutput()
                .forward(x.shape(), (v, y) -> kernels.sigmoid(v.of(x), y))
                // dx = dy y (1 - y)
                .backward((v, dy, d) -> kernels.sigmoidGrad(v.output(), dy, d.of(x)));
    }
}
