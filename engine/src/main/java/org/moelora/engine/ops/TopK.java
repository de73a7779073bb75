package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

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
        boolean records = tape.records(p);
        Tensor gate = tape.tensor(records, p.shape());
        Tensor selected = tape.ints(Shape.of(tokens, k));
        tape.kernels()
                .mixture()
                .topK(
                        tokens,
                        experts,
                        k,
                        renormalise,
                        p.memory(),
                        bias == null ? null : bias.memory(),
                        selected.memory(),
                        gate.memory());
        if (records) {
            tape.record("top-k", gate, () -> backward(tape, p, k, renormalise, gate, selected), p, gate, selected);
        }
        return new TopK(gate, selected);
    }

    /** With {@code Z_t = sum_{j in S_t} p_tj}: {@code dp_te = [e in S_t] (dg_te - sum_j g_tj dg_tj) / Z_t}. The choice itself has no gradient. */
    private static void backward(Tape tape, Tensor p, int k, boolean renormalise, Tensor gate, Tensor selected) {
        Tape.Grad dp = tape.grad(p);
        if (dp != null) {
            tape.kernels()
                    .mixture()
                    .topKGrad(
                            p.shape().rows(),
                            p.shape().cols(),
                            k,
                            renormalise,
                            p.memory(),
                            selected.memory(),
                            gate.memory(),
                            tape.gradOf(gate),
                            dp.memory(),
                            dp.accumulate());
        }
    }
}
