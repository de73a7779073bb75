package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Rows;

/**
 * {@code y_ti = (x_ti - mean_t) / sqrt(var_t + eps) w_i + b_i}: Ba, Kiros and Hinton 2016, arXiv 1607.06450. Has a derivative in x; weight and bias
 * are a frozen model's.
 */
public final class LayerNorm {
    private LayerNorm() {}

    /**
     * @param x [T, n]
     * @param w weight [n]
     * @param b bias [n]
     * @throws IllegalStateException if weight or bias requires a gradient
     */
    public static Tensor apply(Tape tape, Tensor x, Tensor w, Tensor b, float eps) {
        int rows = x.shape().rows();
        int n = x.shape().cols();
        Rows kernels = tape.kernels().rows();
        Tensor stats = tape.tensor(Shape.of(rows, 2));
        return tape.op("layer norm")
                .differentiable(x)
                .constant("weight", w)
                .constant("bias", b)
                .saves(stats)
                .recomputable()
                // y = xhat .* w + b with xhat_t = (x_t - mean_t) rstd_t
                .forward(
                        x.shape(), (v, y) -> kernels.layerNorm(rows, n, eps, v.of(x), v.of(w), v.of(b), y, v.of(stats)))
                // With h_i = w_i dy_i, d mean / d x_j = 1 / n and d rstd / d x_j = -rstd^2 xhat_j / n:
                // dx_i = rstd (h_i - mean_j h_j - xhat_i mean_j(h_j xhat_j))
                .backward((v, dy, d) -> kernels.layerNormGrad(rows, n, v.of(x), v.of(w), v.of(stats), dy, d.of(x)));
    }
}
