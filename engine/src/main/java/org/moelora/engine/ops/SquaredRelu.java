package org.moelora.engine.ops;

import static org.moelora.kernels.Activation.SQUARED_RELU;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Elementwise;

/** {@code y = max(x, 0)^2}: So et al. 2021, arXiv 2109.08668. */
public final class SquaredRelu {
    private SquaredRelu() {}

    public static Tensor apply(Tape tape, Tensor x) {
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("squared relu")
                .differentiable(x)
                .recomputable()
                .forward(x.shape(), (v, y) -> kernels.activate(SQUARED_RELU, v.of(x), y))
                // dx = dy 2 max(x, 0)
                .backward((v, dy, d) -> kernels.activateGrad(SQUARED_RELU, v.of(x), dy, d.of(x)));
    }
}
