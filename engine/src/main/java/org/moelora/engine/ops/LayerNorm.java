package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/**
 * {@code y_ti = (x_ti - mean_t) / sqrt(var_t + eps) w_i + b_i}: Ba, Kiros and Hinton 2016, arXiv 1607.06450. Has a derivative in x; weight and bias
 * are a frozen model's.
 */
public final class LayerNorm {
    private LayerNorm() {}

    /**
     * @param x [T, n]
     * @param weight [n]
     * @param bias [n]
     * @throws IllegalStateException if weight or bias wants a gradient
     */
    public static Tensor apply(Tape tape, Tensor x, Tensor weight, Tensor bias, float eps) {
        tape.noDerivative("layer norm in its weight", weight);
        tape.noDerivative("layer norm in its bias", bias);
        int rows = x.shape().rows();
        int cols = x.shape().cols();
        boolean records = tape.records(x);
        Tensor y = tape.tensor(records, x.shape());
        Tensor stats = tape.tensor(false, Shape.of(rows, 2));
        Runnable forward = () -> tape.kernels()
                .rows()
                .layerNorm(rows, cols, eps, x.memory(), weight.memory(), bias.memory(), y.memory(), stats.memory());
        forward.run();
        if (records) {
            tape.remake(y, forward);
            tape.record("layer norm", y, () -> backward(tape, x, weight, stats, y), x, weight, bias, stats);
        }
        return y;
    }

    /**
     * With {@code xhat = (x - mean) rstd} and {@code h_i = w_i dy_i}: mean and rstd depend on x,
     * {@code d mean / d x_j = 1 / n} and {@code d rstd / d x_j = -rstd^2 xhat_j / n}, which gives
     * {@code dx_i = rstd (h_i - mean_j h_j - xhat_i mean_j(h_j xhat_j))}.
     */
    private static void backward(Tape tape, Tensor x, Tensor weight, Tensor stats, Tensor y) {
        Tape.Grad dx = tape.grad(x);
        if (dx != null) {
            tape.kernels()
                    .rows()
                    .layerNormGrad(
                            x.shape().rows(),
                            x.shape().cols(),
                            x.memory(),
                            weight.memory(),
                            stats.memory(),
                            tape.gradOf(y),
                            dx.memory(),
                            dx.accumulate());
        }
    }
}
