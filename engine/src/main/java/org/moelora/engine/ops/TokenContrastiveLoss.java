package org.moelora.engine.ops;

import java.util.stream.IntStream;
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
 * The contrastive loss of CoMoE (Feng et al. 2025, arXiv 2505.17553): within a token, outputs {@code v_te = B_e A_e x_t} of its selected experts
 * are anchors and positives, those of its other experts negatives, compared by cosine at a temperature.
 *
 * <p>As in {@link ContrastiveLoss}, outputs are never formed: with {@code U~_t [E, E r]} the low-rank intermediates of a token, each in its
 * expert's columns, {@code V_t = U~_t B^T} and the inner products are {@code S_t = U~_t M U~_t^T} with {@code M = B^T B}. See
 * {@link Mixture#tokenContrast} for the loss given S.
 */
public final class TokenContrastiveLoss {
    private static final float EPS = 1e-6f;

    private TokenContrastiveLoss() {}

    /**
     * @param u [T, E r], {@code x A^T}
     * @param b [out, E r]
     * @param selected I32 [T, k], ascending in each token
     * @param experts E
     * @param temperature tau
     * @return [1]
     */
    public static Tensor apply(Tape tape, Tensor u, Tensor b, Tensor selected, int experts, float temperature) {
        int tokens = u.shape().rows();
        int k = selected.shape().cols();
        int pairs = Math.multiplyExact(tokens, experts);
        int width = u.shape().cols();
        int rank = width / experts;
        Mixture mixture = tape.kernels().mixture();
        MatMul matMul = tape.kernels().matMul();
        Elementwise elementwise = tape.kernels().elementwise();
        Tensor all =
                tape.ints(IntStream.range(0, pairs).map(pair -> pair % experts).toArray());
        Tensor expertOf = tape.ints(Shape.of(pairs));
        Op op = tape.op("token contrastive loss").differentiable(u, b);
        boolean records = op.records();
        Tensor core = tape.tensor(records ? Shape.of(width, width) : Shape.of(0));
        Tensor duPairs = tape.tensor(records ? Shape.of(pairs, width) : Shape.of(0));
        return op.constant("selection", selected)
                .constant("pairs", all)
                .reads(b, all)
                .saves(duPairs, core)
                .fills(expertOf)
                .forward(Shape.of(1), (v, loss) -> {
                    try (Memory uPairs = tape.scratch((long) pairs * width);
                            Memory m = tape.scratch((long) width * width);
                            Memory um = tape.scratch((long) pairs * width);
                            Memory dots = tape.scratch((long) pairs * experts)) {
                        mixture.selectPairs(
                                pairs, experts, rank, experts, null, v.of(all), v.of(u), uPairs, v.of(expertOf));
                        Matrix us = Matrix.of(uPairs, pairs, width);
                        Matrix ms = Matrix.of(m, width, width);
                        Matrix ums = Matrix.of(um, pairs, width);
                        Matrix ds = Matrix.of(dots, pairs, experts);
                        matMul.gemm(1, v.matrix(b).t(), v.matrix(b), 0, ms);
                        matMul.gemm(1, us, ms, 0, ums);
                        matMul.gemmBatched(tokens, 1, ums, us.t(), 0, ds);
                        mixture.tokenContrast(tokens, experts, k, temperature, EPS, dots, v.of(selected), loss, dots);
                        if (records) {
                            // What the backward pass needs: dU~ = D U~ M and the core of dB = B (U~^T D U~).
                            matMul.gemmBatched(tokens, 1, ds, us, 0, ums);
                            matMul.gemm(1, us.t(), ums, 0, v.matrix(core));
                            matMul.gemm(1, ums, ms, 0, v.matrix(duPairs));
                        }
                    }
                })
                // dV_t = D_t V_t with D_t symmetric, so with V_t = U~_t B^T: dU~_t = dV_t B = D_t U~_t M, of which each
                // row keeps its
                // own expert's columns, and dB = sum_t dV_t^T U~_t = B (sum_t U~_t^T D_t U~_t).
                .backward((v, dLoss, d) -> {
                    elementwise.scaleBy(dLoss, v.of(core), v.of(core));
                    matMul.gemm(1, v.matrix(b), v.matrix(core), d.of(b));

                    elementwise.scaleBy(dLoss, v.of(duPairs), v.of(duPairs));
                    mixture.selectPairsGrad(pairs, experts, rank, experts, null, v.of(all), v.of(duPairs), d.of(u));
                });
    }
}
