package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Rows;

/** {@code y_ti = x_ti / sqrt(mean_j x_tj^2 + eps) * w_i}: Zhang and Sennrich 2019, arXiv 1910.07467. */
public final class RmsNorm {
    private RmsNorm() {}

    /**
     * @param x [T, n], or [T, heads n] of which each head is normalised by itself
     * @param w weight [n]
     */
    public static Tensor apply(Tape tape, Tensor x, Tensor w, float eps) {
        int n = w.shape().cols();
        int rows = Math.toIntExact(x.shape().size() / n);
        Rows kernels = tape.kernels().rows();
        Tensor rstd = tape.tensor(Shape.of(rows));
        return tape.op("rms norm")
                .differentiable(x, w)
                .saves(rstd)
                .recomputable()
                // y = xhat .* w with xhat = x rstd, rstd_t = 1 / sqrt(mean_j x_tj^2 + eps)
                .forward(x.shape(), (v, y) -> kernels.rmsNorm(rows, n, eps, v.of(x), v.of(w), y, v.of(rstd)))
                // dw_i = sum_t dy_ti xhat_ti, and as d rstd / d x_j = -rstd^3 x_j / n:
                // dx_i = rstd (w_i dy_i - xhat_i mean_j(w_j dy_j xhat_j))
                .backward((v, dy, d) -> {
                    kernels.rmsNormWeightGrad(rows, n, v.of(x), v.of(rstd), dy, d.of(w));
                    kernels.rmsNormGrad(rows, n, v.of(x), v.of(w), v.of(rstd), dy, d.of(x));
                });
    }
}
