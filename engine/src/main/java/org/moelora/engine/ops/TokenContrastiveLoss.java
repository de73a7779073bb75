package org.moelora.engine.ops;

import java.util.stream.IntStream;
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
        boolean records = tape.records(u, b);
        Mixture mixture = tape.kernels().mixture();
        MatMul matMul = tape.kernels().matMul();
        Tensor all =
                tape.ints(IntStream.range(0, pairs).map(pair -> pair % experts).toArray());
        Tensor expertOf = tape.ints(Shape.of(pairs));
        Tensor loss = tape.tensor(records, Shape.of(1));
        Tensor core = tape.tensor(false, records ? Shape.of(width, width) : Shape.of(0));
        Tensor duPairs = tape.tensor(false, records ? Shape.of(pairs, width) : Shape.of(0));
        try (Memory uPairs = tape.scratch((long) pairs * width);
                Memory m = tape.scratch((long) width * width);
                Memory um = tape.scratch((long) pairs * width);
                Memory d = tape.scratch((long) pairs * experts)) {
            mixture.selectPairs(
                    pairs, experts, rank, experts, null, all.memory(), u.memory(), uPairs, expertOf.memory());
            Matrix us = Matrix.of(uPairs, pairs, width);
            Matrix ms = Matrix.of(m, width, width);
            Matrix ums = Matrix.of(um, pairs, width);
            Matrix ds = Matrix.of(d, pairs, experts);
            matMul.gemm(1, b.matrix().t(), b.matrix(), 0, ms);
            matMul.gemm(1, us, ms, 0, ums);
            matMul.gemmBatched(tokens, 1, ums, us.t(), 0, ds);
            mixture.tokenContrast(tokens, experts, k, temperature, EPS, d, selected.memory(), loss.memory(), d);
            if (records) {
                // What the backward pass needs: dU~ = D U~ M and the core of dB = B (U~^T D U~).
                matMul.gemmBatched(tokens, 1, ds, us, 0, ums);
                matMul.gemm(1, us.t(), ums, 0, core.matrix());
                matMul.gemm(1, ums, ms, 0, duPairs.matrix());
            }
        }
        if (records) {
            tape.record(
                    "token contrastive loss",
                    loss,
                    () -> backward(tape, u, b, all, experts, loss, duPairs, core),
                    b,
                    all,
                    duPairs,
                    core);
        }
        return loss;
    }

    /**
     * {@code dV_t = D_t V_t} with D_t symmetric, so with {@code V_t = U~_t B^T}: {@code dU~_t = dV_t B = D_t U~_t M}, of which each row keeps its own
     * expert's columns, and {@code dB = sum_t dV_t^T U~_t = B (sum_t U~_t^T D_t U~_t)}. The forward pass left both but for the loss's own gradient.
     */
    private static void backward(
            Tape tape, Tensor u, Tensor b, Tensor all, int experts, Tensor loss, Tensor duPairs, Tensor core) {
        int pairs = duPairs.shape().rows();
        int width = duPairs.shape().cols();
        int out = b.shape().dim(0);
        Elementwise elementwise = tape.kernels().elementwise();
        Tape.Grad db = tape.grad(b);
        if (db != null) {
            float beta = db.accumulate() ? 1 : 0;
            Memory c = core.memory();
            elementwise.scaleBy(tape.gradOf(loss), c, c, false);
            MatMul matMul = tape.kernels().matMul();
            matMul.gemm(1, b.matrix(), core.matrix(), beta, Matrix.of(db.memory(), out, width));
        }
        Tape.Grad du = tape.grad(u);
        if (du != null) {
            if (!du.accumulate()) {
                elementwise.fill(du.memory(), 0);
            }
            elementwise.scaleBy(tape.gradOf(loss), duPairs.memory(), duPairs.memory(), false);
            tape.kernels()
                    .mixture()
                    .selectPairsGrad(
                            pairs,
                            experts,
                            width / experts,
                            experts,
                            null,
                            all.memory(),
                            duPairs.memory(),
                            du.memory());
        }
    }
}
