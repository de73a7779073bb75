package org.moelora.engine.ops;

import java.util.function.Consumer;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Memory;
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
        boolean records = tape.records(q, k, v);
        Tensor o = tape.tensor(records, q.shape());
        Tensor logSumExp = tape.tensor(false, Shape.of(q.shape().rows(), plan.heads()));
        tape.kernels().attention().forward(plan, inputs(q, k, v), o.memory(), logSumExp.memory());
        if (records) {
            tape.record("attention", o, () -> backward(tape, plan, q, k, v, o, logSumExp), q, k, v, o, logSumExp);
        }
        return o;
    }

    /**
     * Reads keys and values from a cache instead of from tensors; inference only.
     *
     * @param keys [capacity, kvHeads * headDim]
     */
    public static Tensor cached(Tape tape, Attention.Plan plan, Tensor q, Memory keys, Memory values) {
        tape.noDerivative("attention on a cache", q);
        Tensor o = tape.tensor(false, q.shape());
        Tensor logSumExp = tape.tensor(false, Shape.of(q.shape().rows(), plan.heads()));
        tape.kernels()
                .attention()
                .forward(plan, new Attention.Inputs(q.memory(), keys, values), o.memory(), logSumExp.memory());
        return o;
    }

    /**
     * The scores are made again from q, k and logSumExp instead of being kept: {@code p_ij = exp(s_ij - logSumExp_i)}. Softmax's
     * derivative gives {@code ds_ij = p_ij (<do_i, v_j> - <do_i, o_i>)}; see {@link Attention#backward}.
     */
    private static void backward(
            Tape tape, Attention.Plan plan, Tensor q, Tensor k, Tensor v, Tensor o, Tensor logSumExp) {
        Memory dO = tape.gradOf(o);
        // The kernel computes all three together; what nobody wants goes to scratch.
        withGrad(
                tape,
                q,
                dq -> withGrad(
                        tape,
                        k,
                        dk -> withGrad(
                                tape,
                                v,
                                dv -> tape.kernels()
                                        .attention()
                                        .backward(
                                                plan,
                                                inputs(q, k, v),
                                                o.memory(),
                                                logSumExp.memory(),
                                                dO,
                                                new Attention.Gradients(dq, dk, dv)))));
    }

    private static Attention.Inputs inputs(Tensor q, Tensor k, Tensor v) {
        return new Attention.Inputs(q.memory(), k.memory(), v.memory());
    }

    private static void withGrad(Tape tape, Tensor input, Consumer<Memory> kernel) {
        if (input.wantsGrad()) {
            tape.addGrad(input, kernel);
        } else {
            try (Memory unwanted = tape.scratch(input.shape().size())) {
                kernel.accept(unwanted);
            }
        }
    }
}
