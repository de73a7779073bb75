package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Elementwise;

/** {@code y = alpha x}. */
public final class Scale {
    private Scale() {}

    public static Tensor apply(Tape tape, Tensor x, float alpha) {
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("scale")
                .differentiable(x)
                .forward(x.shape(), (v, y) -> kernels.scale(alpha, v.of(x), y))
                // dx = alpha dy
                .backward((v, dy, d) -> kernels.scale(alpha, dy, d.of(x)));
    }
}
