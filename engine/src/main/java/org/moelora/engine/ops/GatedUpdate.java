package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Kernels;
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
     * @param s the scale
     */
    public static Tensor apply(Tape tape, Tensor y0, Tensor u, @Nullable Tensor gate, Tensor b, float s) {
        return gate == null ? ungated(tape, y0, u, b, s) : gated(tape, y0, u, gate, b, s);
    }

    private static Tensor ungated(Tape tape, Tensor y0, Tensor u, Tensor b, float s) {
        int tokens = u.shape().rows();
        int width = u.shape().cols();
        int out = b.shape().dim(0);
        MatMul kernels = tape.kernels().matMul();
        return tape.op("gated update")
                .differentiable(y0, u, b)
                .reads(u, b)
                // y = y0 + s U B^T
                .forwardOver(
                        y0, (v, y) -> kernels.gemm(s, v.matrix(u), v.matrix(b).t(), 1, Matrix.of(y, tokens, out)))
                // dB = s dy^T U, dU = s dy B, dy0 = dy
                .backward((v, dy, d) -> {
                    Matrix dys = Matrix.of(dy, tokens, out);
                    kernels.gemm(s, dys.t(), v.matrix(u), d.of(b));
                    try (Memory du = tape.scratch((long) tokens * width)) {
                        kernels.gemm(s, dys, v.matrix(b), 0, Matrix.of(du, tokens, width));
                        tape.kernels().elementwise().scale(1, du, d.of(u));
                    }
                    d.pass(y0);
                });
    }

    private static Tensor gated(Tape tape, Tensor y0, Tensor u, Tensor g, Tensor b, float s) {
        int tokens = u.shape().rows();
        int width = u.shape().cols();
        int out = b.shape().dim(0);
        int experts = g.shape().cols();
        int rank = width / experts;
        Kernels kernels = tape.kernels();
        Tensor gated = tape.tensor(Shape.of(tokens, width));
        return tape.op("gated update")
                .differentiable(y0, u, g, b)
                .reads(u, g, b)
                .saves(gated)
                // y = y0 + s V B^T with V = U .* expand(g)
                .forwardOver(y0, (v, y) -> {
                    kernels.mixture().gate(tokens, experts, rank, v.of(u), v.of(g), v.of(gated));
                    kernels.matMul().gemm(s, v.matrix(gated), v.matrix(b).t(), 1, Matrix.of(y, tokens, out));
                })
                // dB = s dy^T V, dV = s dy B, dU = dV .* expand(g), dg_te = <dV_te, u_te>, dy0 = dy
                .backward((v, dy, d) -> {
                    Matrix dys = Matrix.of(dy, tokens, out);
                    kernels.matMul().gemm(s, dys.t(), v.matrix(gated), d.of(b));
                    if (d.requires(u) || d.requires(g)) {
                        try (Memory dv = tape.scratch((long) tokens * width)) {
                            kernels.matMul().gemm(s, dys, v.matrix(b), 0, Matrix.of(dv, tokens, width));
                            kernels.mixture().gateGrad(tokens, experts, rank, v.of(u), v.of(g), dv, d.of(u), d.of(g));
                        }
                    }
                    d.pass(y0);
                });
    }
}
