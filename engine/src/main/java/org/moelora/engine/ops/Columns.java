package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Rows;
import org.moelora.kernels.Sink;

/** {@code y_ti = x_t,from+i} for {@code i < width}: one of several results that a fused linear gives side by side. */
public final class Columns {
    private Columns() {}

    /**
     * @param x [T, n]
     * @param from first column, {@code 0 <= from <= n - width}
     * @return [T, width]
     */
    public static Tensor apply(Tape tape, Tensor x, int from, int width) {
        int rows = x.shape().rows();
        int cols = x.shape().cols();
        Rows kernels = tape.kernels().rows();
        return tape.op("columns")
                .differentiable(x)
                .forward(
                        Shape.of(rows, width),
                        (v, y) -> kernels.copy(v.matrix(x).columns(from, width), Matrix.of(y, rows, width), false))
                // dx_t,from+i += dy_ti; other columns get zero
                .backward((v, dy, d) -> {
                    Sink dx = d.of(x);
                    if (!dx.adds()) {
                        tape.kernels().elementwise().fill(dx.memory(), 0);
                    }
                    Matrix dxs = Matrix.of(dx.memory(), rows, cols);
                    kernels.copy(Matrix.of(dy, rows, width), dxs.columns(from, width), true);
                });
    }
}
