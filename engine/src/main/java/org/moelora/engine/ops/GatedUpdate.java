package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;

/**
 * The second half of a mixture of low-rank experts, added to what the frozen linear gave (Hu et al. 2021, arXiv 2106.09685; Luo et al. 2024,
 * arXiv 2402.12851): {@code y = y0 + s V B^T} with {@code V = U .* expand(g)}, {@code U [T, E r]}, {@code g [T, E]},
 * {@code B [out, E r]}. Without a gate {@code V = U}: plain LoRA. Works in place on y0. With {@code B = 0}, y is y0 bit for bit.
 */
public final class GatedUpdate {
    private GatedUpdate() {}

    /**
     * @param y0 [T, out]; must not be used any more, nor be another of the inputs
     * @param gate [T, E], or null for {@code g = 1}
     * @param scale s
     */
    public static Tensor apply(Tape tape, Tensor y0, Tensor u, @Nullable Tensor gate, Tensor b, float scale) {
        if (y0 == u || y0 == gate || y0 == b) {
            throw new IllegalArgumentException(
                    "a gated update is made where y0 stands, so y0 cannot be another of its inputs");
        }
        int tokens = u.shape().rows();
        int width = u.shape().cols();
        boolean records = tape.records(y0, u, b) || (gate != null && tape.records(gate));
        Tensor y = tape.takeOver(y0, records);
        Tensor v = u;
        if (gate != null) {
            int experts = gate.shape().cols();
            v = tape.tensor(false, Shape.of(tokens, width));
            tape.kernels().mixture().gate(tokens, experts, width / experts, u.memory(), gate.memory(), v.memory());
        }
        MatMul matMul = tape.kernels().matMul();
        matMul.gemm(scale, v.matrix(), b.matrix().t(), 1, y.matrix());
        if (records) {
            Tensor gated = v;
            Runnable backward = () -> backward(tape, y0, u, gate, gated, b, scale, y);
            if (gate == null) {
                tape.record("gated update", y, backward, u, b);
            } else {
                tape.record("gated update", y, backward, u, gate, gated, b);
            }
        }
        return y;
    }

    /**
     * {@code dV = s dy B}, {@code dB = s dy^T V}, {@code dU = dV .* expand(g)}, {@code dg_te = <dV_te, u_te>}, {@code dy0 = dy}.
     */
    private static void backward(
            Tape tape, Tensor y0, Tensor u, @Nullable Tensor gate, Tensor v, Tensor b, float scale, Tensor y) {
        int tokens = u.shape().rows();
        int width = u.shape().cols();
        int out = b.shape().dim(0);
        Matrix dy = Matrix.of(tape.gradOf(y), tokens, out);
        MatMul matMul = tape.kernels().matMul();
        Tape.Grad db = tape.grad(b);
        if (db != null) {
            float beta = db.accumulate() ? 1 : 0;
            matMul.gemm(scale, dy.t(), v.matrix(), beta, Matrix.of(db.memory(), out, width));
        }
        try (Memory dv = tape.scratch((long) tokens * width)) {
            matMul.gemm(scale, dy, b.matrix(), 0, Matrix.of(dv, tokens, width));
            Tape.Grad du = tape.grad(u);
            Tape.Grad dg = gate == null ? null : tape.grad(gate);
            if (gate == null) {
                if (du != null) {
                    tape.kernels().elementwise().scale(1, dv, du.memory(), du.accumulate());
                }
            } else if (du != null || dg != null) {
                // The kernel computes both; what nobody wants goes where dv stands, and to scratch.
                int experts = gate.shape().cols();
                try (Memory unwanted = tape.scratch(dg == null ? gate.shape().size() : 0)) {
                    tape.kernels()
                            .mixture()
                            .gateGrad(
                                    tokens,
                                    experts,
                                    width / experts,
                                    u.memory(),
                                    gate.memory(),
                                    dv,
                                    du == null ? dv : du.memory(),
                                    du != null && du.accumulate(),
                                    dg == null ? unwanted : dg.memory(),
                                    dg != null && dg.accumulate());
                }
            }
        }
        tape.passGrad(y, y0);
    }
}
