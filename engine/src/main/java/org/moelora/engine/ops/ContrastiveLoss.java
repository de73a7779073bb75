package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
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
        boolean records = g == null ? tape.records(u, b) : tape.records(u, b, g);
        Mixture mixture = tape.kernels().mixture();
        MatMul matMul = tape.kernels().matMul();
        Tensor chosen = tape.ints(pairs == null ? new int[0] : pairs);
        Memory chosenMemory = pairs == null ? null : chosen.memory();
        Tensor expertOf = tape.ints(Shape.of(n));
        Tensor loss = tape.tensor(records, Shape.of(1));
        Tensor core = tape.tensor(false, records ? Shape.of(width, width) : Shape.of(0));
        Tensor duPairs = tape.tensor(false, records ? Shape.of(n, width) : Shape.of(0));
        Tensor dgPairs = tape.tensor(false, g == null ? Shape.of(0) : Shape.of(n, experts));
        try (Memory uPairs = tape.scratch((long) n * width);
                Memory m = tape.scratch((long) width * width);
                Memory um = tape.scratch((long) n * width);
                Memory d = tape.scratch((long) n * n);
                Memory gPairs = tape.scratch(g == null ? 0 : (long) n * experts)) {
            mixture.selectPairs(
                    n,
                    experts,
                    width / experts,
                    k,
                    chosenMemory,
                    selected.memory(),
                    u.memory(),
                    uPairs,
                    expertOf.memory());
            Matrix us = Matrix.of(uPairs, n, width);
            Matrix ms = Matrix.of(m, width, width);
            Matrix ums = Matrix.of(um, n, width);
            Matrix ds = Matrix.of(d, n, n);
            matMul.gemm(1, b.matrix().t(), b.matrix(), 0, ms);
            matMul.gemm(1, us, ms, 0, ums);
            matMul.gemm(1, ums, us.t(), 0, ds);
            if (g == null) {
                mixture.contrast(n, temperature, EPS, d, expertOf.memory(), loss.memory(), d);
            } else {
                // Gates are picked as the low-rank intermediates are, with one number for each expert.
                mixture.selectPairs(
                        n, experts, 1, k, chosenMemory, selected.memory(), g.memory(), gPairs, expertOf.memory());
                mixture.gatedContrast(
                        n, experts, temperature, EPS, d, expertOf.memory(), gPairs, loss.memory(), d, dgPairs.memory());
            }
            if (records) {
                // What the backward pass needs is here and far smaller than D: dU~ = D U~ M and the core of dB = B
                // (U~^T D U~).
                matMul.gemm(1, ds, us, 0, ums);
                matMul.gemm(1, us.t(), ums, 0, core.matrix());
                matMul.gemm(1, ums, ms, 0, duPairs.matrix());
            }
        }
        if (records) {
            Runnable backward = () -> {
                backward(tape, u, b, selected, experts, chosenMemory, loss, duPairs, core);
                if (g != null) {
                    scatter(tape, g, selected, experts, chosenMemory, loss, dgPairs);
                }
            };
            tape.record("contrastive loss", loss, backward, b, selected, chosen, duPairs, core, dgPairs);
        }
        return loss;
    }

    /**
     * D maps outputs to their gradients, {@code dV = D V}, and is symmetric. With {@code V = U~ B^T}:
     * {@code dU~ = dV B = D U~ M}, of which each pair keeps its own expert's columns, and {@code dB = dV^T U~ = B (U~^T D U~)}. The forward pass
     * left both but for the loss's own gradient.
     */
    private static void backward(
            Tape tape,
            Tensor u,
            Tensor b,
            Tensor selected,
            int experts,
            @Nullable Memory pairs,
            Tensor loss,
            Tensor duPairs,
            Tensor core) {
        int width = duPairs.shape().cols();
        int out = b.shape().dim(0);
        Elementwise elementwise = tape.kernels().elementwise();
        Tape.Grad db = tape.grad(b);
        if (db != null) {
            float beta = db.accumulate() ? 1 : 0;
            elementwise.scaleBy(tape.gradOf(loss), core.memory(), core.memory(), false);
            tape.kernels().matMul().gemm(1, b.matrix(), core.matrix(), beta, Matrix.of(db.memory(), out, width));
        }
        scatter(tape, u, selected, experts, pairs, loss, duPairs);
    }

    /** Adds the loss's own gradient times the pairs' rows to where they were picked from. */
    private static void scatter(
            Tape tape, Tensor from, Tensor selected, int experts, @Nullable Memory pairs, Tensor loss, Tensor ofPairs) {
        Tape.Grad grad = tape.grad(from);
        if (grad == null) {
            return;
        }
        Elementwise elementwise = tape.kernels().elementwise();
        if (!grad.accumulate()) {
            elementwise.fill(grad.memory(), 0);
        }
        elementwise.scaleBy(tape.gradOf(loss), ofPairs.memory(), ofPairs.memory(), false);
        int n = ofPairs.shape().rows();
        int rank = ofPairs.shape().cols() / experts;
        int k = selected.shape().cols();
        tape.kernels()
                .mixture()
                .selectPairsGrad(n, experts, rank, k, pairs, selected.memory(), ofPairs.memory(), grad.memory());
    }
}
