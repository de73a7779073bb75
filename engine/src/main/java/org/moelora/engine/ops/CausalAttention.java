package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Ragged;

/** Causal grouped-query attention over ragged rows: {@code o_i = sum_j softmax_j(scale <q_i, k_j>) v_j}. */
public final class CausalAttention {
    private CausalAttention() {}

    /**
     * @param q [T, heads * headDim]
     * @param k [key rows, kvHeads * headDim]
     * @param v [key rows, kvHeads * headDim]
     */
    public static Tensor apply(Tape tape, Heads heads, Ragged rows, Tensor q, Tensor k, Tensor v) {
        return apply(tape, heads.on(rows), q, k, v);
    }

    /**
     * @param q [T, heads * headDim]
     * @param k [key rows, kvHeads * headDim]
     * @param v [key rows, kvHeads * headDim]
     */
    public static Tensor apply(Tape tape, Attention.Plan plan, Tensor q, Tensor k, Tensor v) {
        Attention kernels = tape.kernels().attention();
        Tensor logSumExp = tape.tensor(Shape.of(q.shape().rows(), plan.heads()));
        return tape.op("attention")
                .differentiable(q, k, v)
                .reads(q, k, v)
                .readsOutput()
                .saves(logSumExp)
                .forward(
                        q.shape(),
                        (of, o) -> kernels.forward(
                                plan, new Attention.Inputs(of.of(q), of.of(k), of.of(v)), o, of.of(logSumExp)))
                // Scores are computed again instead of being kept: p_ij = exp(s_ij - logSumExp_i). The derivative of
                // softmax
                // gives ds_ij = p_ij (<do_i, v_j> - <do_i, o_i>); see Attention.backward for dq, dk and dv.
                .backward((of, dO, d) -> kernels.backward(
                        plan,
                        new Attention.Inputs(of.of(q), of.of(k), of.of(v)),
                        of.output(),
                        of.of(logSumExp),
                        dO,
                        new Attention.Gradients(d.overwritten(q), d.overwritten(k), d.overwritten(v))));
    }
}
