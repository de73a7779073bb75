package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Matrix;

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
        boolean records = tape.records(x);
        Tensor y = tape.tensor(records, Shape.of(rows, width));
        tape.kernels().rows().copy(x.matrix().columns(from, width), y.matrix(), false);
        if (records) {
            tape.record("columns", y, () -> backward(tape, x, from, width, y));
        }
        return y;
    }

    /** {@code dx_t,from+i += dy_ti}; columns that were not taken have no gradient. */
    private static void backward(Tape tape, Tensor x, int from, int width, Tensor y) {
        Tape.Grad dx = tape.grad(x);
        if (dx != null) {
            if (!dx.accumulate()) {
                tape.kernels().elementwise().fill(dx.memory(), 0);
            }
            int rows = x.shape().rows();
            Matrix dxs = Matrix.of(dx.memory(), rows, x.shape().cols());
            tape.kernels().rows().copy(Matrix.of(tape.gradOf(y), rows, width), dxs.columns(from, width), true);
        }
    }
}
