package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Rows;

/** {@code y_ti = x_ti / sqrt(mean_j x_tj^2 + eps) * w_i}: Zhang and Sennrich 2019, arXiv 1910.07467. */
public final class RmsNorm {
    private RmsNorm() {}

    /**
     * @param x [T, n], or [T, heads n] of which each head is normalised by itself
     * @param weight [n]
     */
    public static Tensor apply(Tape tape, Tensor x, Tensor weight, float eps) {
        int cols = weight.shape().cols();
        int rows = Math.toIntExact(x.shape().size() / cols);
        boolean records = tape.records(x, weight);
        Tensor y = tape.tensor(records, x.shape());
        Tensor rstd = tape.tensor(false, Shape.of(rows));
        Runnable forward = () ->
                tape.kernels().rows().rmsNorm(rows, cols, eps, x.memory(), weight.memory(), y.memory(), rstd.memory());
        forward.run();
        if (records) {
            tape.remake(y, forward);
            tape.record("rms norm", y, () -> backward(tape, x, weight, rstd, y), x, weight, rstd);
        }
        return y;
    }

    /**
     * With {@code xhat = x rstd}: {@code dw_i = sum_t dy_ti xhat_ti}. rstd itself depends on x,
     * {@code d rstd / d x_j = -rstd^3 x_j / n}, which gives {@code dx_i = rstd (w_i dy_i - xhat_i mean_j(w_j dy_j xhat_j))}.
     */
    private static void backward(Tape tape, Tensor x, Tensor weight, Tensor rstd, Tensor y) {
        int cols = weight.shape().cols();
        int rows = Math.toIntExact(x.shape().size() / cols);
        Memory dy = tape.gradOf(y);
        Rows kernels = tape.kernels().rows();
        Tape.Grad dw = tape.grad(weight);
        if (dw != null) {
            kernels.rmsNormWeightGrad(rows, cols, x.memory(), rstd.memory(), dy, dw.memory(), dw.accumulate());
        }
        Tape.Grad dx = tape.grad(x);
        if (dx != null) {
            kernels.rmsNormGrad(
                    rows, cols, x.memory(), weight.memory(), rstd.memory(), dy, dx.memory(), dx.accumulate());
        }
    }
}
