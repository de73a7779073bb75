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
                .forward(x.shape(), (v, y) -> kernels.scale(alpha, v.of(x), y, false))
                // dx = alpha dy
                .backward((v, dy, d) -> d.into(x, (dx, add) -> kernels.scale(alpha, dy, dx, add)));
    }
}
