package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Rows;

/** {@code y_ti = exp(x_ti) / sum_j exp(x_tj)}. */
public final class Softmax {
    private Softmax() {}

    public static Tensor apply(Tape tape, Tensor x) {
        int rows = x.shape().rows();
        int cols = x.shape().cols();
        Rows kernels = tape.kernels().rows();
        return tape.op("softmax")
                .differentiable(x)
                .readsOutput()
                .forward(x.shape(), (v, y) -> kernels.softmax(rows, cols, v.of(x), y))
                // dx = y .* (dy - <y, dy>)
                .backward((v, dy, d) -> kernels.softmaxGrad(rows, cols, v.output(), dy, d.of(x)));
    }
}
