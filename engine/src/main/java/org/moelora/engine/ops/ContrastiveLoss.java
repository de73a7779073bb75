package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Mixture;

/**
 * The contrastive loss of MoELoRA (Luo et al. 2024, arXiv 2402.12851) in the supervised form of Khosla et al. 2020 (arXiv 2004.11362): outputs
 * {@code v_te = B_e A_e x_t} of one expert are positives, those of different experts negatives, compared by cosine at a temperature.
 *
 * <p>The outputs, [N, out], are never formed. With {@code U~ [N, E r]} the low-rank intermediates of the pairs, each in its expert's columns,
 * {@code V = U~ B^T}, so all inner products are {@code S = U~ M U~^T} with {@code M = B^T B [E r, E r]}: N^2 E r + (E r)^2 out instead of
 * N^2 out multiplications. See {@link Mixture#contrast} for the loss given S.
 */
public final class ContrastiveLoss {
    private static final float EPS = 1e-6f;

    private ContrastiveLoss() {}

    /**
     * @param u [T, E r], {@code x A^T}
     * @param b [out, E r]
     * @param selected I32 [T, k]
     * @param experts E
     * @param temperature tau
     * @param pairs ascending indices among the T k selected pairs in token-major order, or null for all
     * @return [1]
     */
    public static Tensor apply(
            Tape tape, Tensor u, Tensor b, Tensor selected, int experts, float temperature, int @Nullable [] pairs) {
        int k = selected.shape().cols();
        int n = pairs == null ? Math.multiplyExact(u.shape().rows(), k) : pairs.length;
        int width = u.shape().cols();
        int out = b.shape().dim(0);
        boolean records = tape.records(u, b);
        Mixture mixture = tape.kernels().mixture();
        MatMul matMul = tape.kernels().matMul();
        Tensor chosen = pairs == null ? null : tape.ints(pairs);
        Memory chosenMemory = chosen == null ? null : chosen.memory();
        Tensor loss = tape.tensor(records, Shape.of(1));
        Tensor uPairs = tape.tensor(false, Shape.of(n, width));
        Tensor m = tape.tensor(false, Shape.of(width, width));
        Tensor d = tape.tensor(false, Shape.of(n, n));
        Tensor expertOf = tape.ints(Shape.of(n));
        mixture.selectPairs(
                n,
                experts,
                width / experts,
                k,
                chosenMemory,
                selected.memory(),
                u.memory(),
                uPairs.memory(),
                expertOf.memory());
        matMul.gemm(true, false, width, width, out, 1, b.memory(), width, b.memory(), width, 0, m.memory(), width);
        try (Memory um = tape.scratch((long) n * width)) {
            matMul.gemm(false, false, n, width, width, 1, uPairs.memory(), width, m.memory(), width, 0, um, width);
            matMul.gemm(false, true, n, n, width, 1, um, width, uPairs.memory(), width, 0, d.memory(), n);
        }
        mixture.contrast(n, temperature, EPS, d.memory(), expertOf.memory(), loss.memory(), d.memory());
        if (records) {
            Runnable backward = () -> backward(tape, u, b, selected, experts, chosenMemory, loss, uPairs, m, d);
            tape.record("contrastive loss", loss, backward, uPairs, m, d, expertOf);
        }
        return loss;
    }

    /**
     * D maps outputs to their gradients, {@code dV = D V}, and is symmetric. With {@code V = U~ B^T}:
     * {@code dU~ = dV B = D U~ M}, of which each pair keeps its own expert's columns, and {@code dB = dV^T U~ = B (U~^T D U~)}.
     */
    private static void backward(
            Tape tape,
            Tensor u,
            Tensor b,
            Tensor selected,
            int experts,
            @Nullable Memory pairs,
            Tensor loss,
            Tensor uPairs,
            Tensor m,
            Tensor d) {
        int n = uPairs.shape().rows();
        int width = uPairs.shape().cols();
        int out = b.shape().dim(0);
        int k = selected.shape().cols();
        MatMul matMul = tape.kernels().matMul();
        try (Memory du = tape.scratch((long) n * width);
                Memory part = tape.scratch((long) n * width);
                Memory core = tape.scratch((long) width * width)) {
            matMul.gemm(false, false, n, width, n, 1, d.memory(), n, uPairs.memory(), width, 0, du, width);
            tape.kernels().elementwise().scaleBy(tape.gradOf(loss), du, du, false);
            Tape.Grad db = tape.grad(b);
            if (db != null) {
                float beta = db.accumulate() ? 1 : 0;
                matMul.gemm(true, false, width, width, n, 1, uPairs.memory(), width, du, width, 0, core, width);
                matMul.gemm(
                        false, false, out, width, width, 1, b.memory(), width, core, width, beta, db.memory(), width);
            }
            Tape.Grad toU = tape.grad(u);
            if (toU != null) {
                if (!toU.accumulate()) {
                    tape.kernels().elementwise().fill(toU.memory(), 0);
                }
                matMul.gemm(false, false, n, width, width, 1, du, width, m.memory(), width, 0, part, width);
                tape.kernels()
                        .mixture()
                        .selectPairsGrad(n, experts, width / experts, k, pairs, selected.memory(), part, toU.memory());
            }
        }
    }
}
