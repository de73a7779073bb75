package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Mixture;

/**
 * Sparse gating (Shazeer et al. 2017, arXiv 1701.06538): S_t = the k largest of p_t, {@code g_te = p_te / sum_{j in S_t} p_tj} for e in S_t,
 * else 0; or {@code g_te = p_te} when not renormalised.
 *
 * @param gate g [T, E]
 * @param selected I32 [T, k], the experts of S_t in ascending order
 */
public record TopK(Tensor gate, Tensor selected) {
    /**
     * @param p [T, E]
     */
    public static TopK apply(Tape tape, Tensor p, int k, boolean renormalise) {
        return apply(tape, p, null, k, renormalise);
    }

    /**
     * Chooses by {@code p_t + bias} and weighs by p (loss-free balance, Wang et al. 2024, arXiv 2408.15664).
     *
     * @param p [T, E]
     * @param bias [E], which gets no gradient; null for none
     */
    public static TopK apply(Tape tape, Tensor p, @Nullable Tensor bias, int k, boolean renormalise) {
        int tokens = p.shape().rows();
        int experts = p.shape().cols();
        if (k < 1 || k > experts) {
            throw new IllegalArgumentException("top-k is " + k + "; expected 1 to " + experts);
        }
        Mixture kernels = tape.kernels().mixture();
        Tensor selected = tape.ints(Shape.of(tokens, k));
        Tensor gate = tape.op("top-k")
                .differentiable(p)
                .detached(bias)
                .reads(p)
                .saves(selected)
                .readsOutput()
                .forward(
                        p.shape(),
                        (v, g) -> kernels.topK(
                                tokens, experts, k, renormalise, v.of(p), v.ofNullable(bias), v.of(selected), g))
                // With Z_t = sum_{j in S_t} p_tj: dp_te = [e in S_t] (dg_te - sum_j g_tj dg_tj) / Z_t. The choice
                // itself has no gradient.
                .backward((v, dg, d) -> kernels.topKGrad(
                        tokens, experts, k, renormalise, v.of(p), v.of(selected), v.output(), dg, d.of(p)));
        return new TopK(gate, selected);
    }
}
