package org.moelora.kernels;

/** Single passes over a block of parameters; F32. */
public interface Optimizer {
    /** {@code out_0 = sqrt(sum_i x_i^2)}, the global norm; squares that float32 does not hold count too. */
    void norm(Memory x, Memory out);

    /**
     * {@code out_0 = min(1, maxNorm / (norm_0 + 1e-6))}, the factor that clips a norm, or 1 when {@code maxNorm <= 0}.
     *
     * @param out [1]
     */
    void clipScale(Memory norm, float maxNorm, Memory out);

    /**
     * AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101). With {@code g = gradScale_0 grad}: {@code w *= 1 - rate decay},
     * {@code m = beta1 m + (1 - beta1) g}, {@code v = beta2 v + (1 - beta2) g^2},
     * {@code w -= rate (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)}.
     *
     * @param gradScale [1]
     * @param step from 1
     */
    void adamW(
            Memory w,
            Memory grad,
            Memory m,
            Memory v,
            Memory gradScale,
            double rate,
            double beta1,
            double beta2,
            double eps,
            double decay,
            long step);
}
