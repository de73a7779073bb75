package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Op;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Mixture;

/**
 * The contrastive loss of MoELoRA (Luo et al. 2024, arXiv 2402.12851) in the supervised form of Khosla et al. 2020 (arXiv 2004.11362): outputs
 * {@code v_te = B_e A_e x_t} of one expert are positives, those of different experts negatives, compared by cosine at a temperature.
 *
 * <p>The outputs, [N, out], are never formed. With {@code U~ [N, E r]} the low-rank intermediates of the pairs, each in its expert's columns,
 * {@code V = U~ B^T}, so all inner products are {@code S = U~ M U~^T} with {@code M = B^T B [E r, E r]}: N^2 E r + (E r)^2 out instead of
 * N^2 out multiplications. See {@link Mixture#contrast} for the loss given S.
 *
 * <p>With gates every output counts as much as its gate, as an anchor, as a positive and among the others ({@link Mixture#gatedContrast}), so that the loss has a gradient in
 * the gates: they move to the pairs whose outputs look like the other outputs of their expert.
 */
public final class ContrastiveLoss {
    private static final float EPS = 1e-6f;

    private ContrastiveLoss() {}

    /** Without gates. */
    public static Tensor apply(
            Tape tape, Tensor u, Tensor b, Tensor selected, int experts, float temperature, int @Nullable [] pairs) {
        return apply(tape, u, b, null, selected, experts, temperature, pairs);
    }

    /**
     * @param u [T, E r], {@code x A^T}
     * @param b [out, E r]
     * @param g gates [T, E]; null if all pairs count the same
     * @param selected I32 [T, k]
     * @param experts E
     * @param temperature tau
     * @param pairs ascending indices among the T k selected pairs in token-major order, or null for all
     * @return [1]
     */
    public static Tensor apply(
            Tape tape,
            Tensor u,
            Tensor b,
            @Nullable Tensor g,
            Tensor selected,
            int experts,
            float temperature,
            int @Nullable [] pairs) {
        int k = selected.shape().cols();
        int n = pairs == null ? Math.multiplyExact(u.shape().rows(), k) : pairs.length;
        int width = u.shape().cols();
        int rank = width / experts;
        Mixture mixture = tape.kernels().mixture();
        MatMul matMul = tape.kernels().matMul();
        Tensor chosen = pairs == null ? null : tape.ints(pairs);
        Tensor expertOf = tape.ints(Shape.of(n));
        Op op = tape.op("contrastive loss").differentiable(u, b, g);
        boolean records = op.records();
        Tensor core = tape.tensor(records ? Shape.of(width, width) : Shape.of(0));
        Tensor duPairs = tape.tensor(records ? Shape.of(n, width) : Shape.of(0));
        Tensor dgPairs = tape.tensor(g == null ? Shape.of(0) : Shape.of(n, experts));
        return op.constant("selection", selected)
                .constant("pairs", chosen)
                .reads(b, selected, chosen)
                .saves(duPairs, core, dgPairs)
                .fills(expertOf)
                .forward(Shape.of(1), (v, loss) -> {
                    try (Memory uPairs = tape.scratch((long) n * width);
                            Memory m = tape.scratch((long) width * width);
                            Memory um = tape.scratch((long) n * width);
                            Memory dots = tape.scratch((long) n * n);
                            Memory gPairs = tape.scratch(g == null ? 0 : (long) n * experts)) {
                        Memory at = v.ofNullable(chosen);
                        Memory of = v.of(expertOf);
                        mixture.selectPairs(n, experts, rank, k, at, v.of(selected), v.of(u), uPairs, of);
                        Matrix us = Matrix.of(uPairs, n, width);
                        Matrix ms = Matrix.of(m, width, width);
                        Matrix ums = Matrix.of(um, n, width);
                        Matrix ds = Matrix.of(dots, n, n);
                        matMul.gemm(1, v.matrix(b).t(), v.matrix(b), 0, ms);
                        matMul.gemm(1, us, ms, 0, ums);
                        matMul.gemm(1, ums, us.t(), 0, ds);
                        if (g == null) {
                            mixture.contrast(n, temperature, EPS, dots, of, loss, dots);
                        } else {
                            // Gates are picked as the low-rank intermediates are, with one number for each expert.
                            mixture.selectPairs(n, experts, 1, k, at, v.of(selected), v.of(g), gPairs, of);
                            mixture.gatedContrast(
                                    n, experts, temperature, EPS, dots, of, gPairs, loss, dots, v.of(dgPairs));
                        }
                        if (records) {
                            // What the backward pass needs is here and far smaller than D: dU~ = D U~ M and the core of
                            // dB = B (U~^T D U~).
                            matMul.gemm(1, ds, us, 0, ums);
                            matMul.gemm(1, us.t(), ums, 0, v.matrix(core));
                            matMul.gemm(1, ums, ms, 0, v.matrix(duPairs));
                        }
                    }
                })
                // D maps outputs to their gradients, dV = D V, and is symmetric. With V = U~ B^T: dU~ = dV B = D U~ M,
                // of which each
                // pair keeps its own expert's columns, and dB = dV^T U~ = B (U~^T D U~).
                .backward((v, dLoss, d) -> {
                    Elementwise elementwise = tape.kernels().elementwise();
                    Memory at = v.ofNullable(chosen);

                    elementwise.scaleBy(dLoss, v.of(core), v.of(core));
                    matMul.gemm(1, v.matrix(b), v.matrix(core), d.of(b));

                    elementwise.scaleBy(dLoss, v.of(duPairs), v.of(duPairs));
                    mixture.selectPairsGrad(n, experts, rank, k, at, v.of(selected), v.of(duPairs), d.of(u));

                    elementwise.scaleBy(dLoss, v.of(dgPairs), v.of(dgPairs));
                    mixture.selectPairsGrad(n, experts, 1, k, at, v.of(selected), v.of(dgPairs), d.of(g));
                });
    }
}
