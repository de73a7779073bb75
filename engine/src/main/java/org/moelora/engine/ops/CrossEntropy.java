package org.moelora.engine.ops;

import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;

/**
 * {@code L = scale * sum_n (log sum_c exp(l_nc) - l_n,target)}. With {@code scale = 1 / N} it is the mean over label positions.
 */
public final class CrossEntropy {
    /** Logits of this many elements at most exist at a time in {@link #ofLinear}: 64 MiB, enough rows to repay reading the weight. */
    private static final int CHUNK_ELEMENTS = 1 << 24;

    private CrossEntropy() {}

    /**
     * @param logits [N, classes]
     * @param targets I32 [N]
     * @return [1]
     */
    public static Tensor apply(Tape tape, Tensor logits, Tensor targets, float scale) {
        int rows = logits.shape().rows();
        int classes = logits.shape().cols();
        boolean records = tape.records(logits);
        Tensor loss = tape.tensor(records, Shape.of(1));
        Tensor softmax = tape.tensor(false, records ? logits.shape() : Shape.of(0));
        try (Memory losses = tape.scratch(rows)) {
            tape.kernels()
                    .tokens()
                    .crossEntropy(
                            rows,
                            classes,
                            logits.memory(),
                            targets.memory(),
                            scale,
                            losses,
                            records ? softmax.memory() : null);
            tape.kernels().rows().sum(losses, scale, loss.memory(), false);
        }
        if (records) {
            // The forward pass left d L / d l = scale (softmax - onehot) behind.
            tape.record(
                    "cross-entropy",
                    loss,
                    () -> {
                        Tape.Grad dx = tape.grad(logits);
                        if (dx != null) {
                            tape.kernels()
                                    .elementwise()
                                    .scaleBy(tape.gradOf(loss), softmax.memory(), dx.memory(), dx.accumulate());
                        }
                    },
                    softmax);
        }
        return loss;
    }

    /**
     * {@link #apply} on {@code logits = x W^T}, without ever holding all of them: rows are done in chunks, each of which leaves its part of
     * {@code dx = dl W} and {@code dW = dl^T x} behind, so that logits need not be kept for, or made again by, the backward pass.
     *
     * @param x [N, width]
     * @param w [classes, width]
     * @return [1]
     */
    public static Tensor ofLinear(Tape tape, Tensor x, Weight w, Tensor targets, float scale) {
        int rows = x.shape().rows();
        int width = x.shape().cols();
        int classes = w.shape().dim(0);
        boolean wantsW = w instanceof Parameter parameter && tape.records(parameter);
        boolean records = wantsW || tape.records(x);
        Tensor loss = tape.tensor(records, Shape.of(1));
        Tensor dx = tape.tensor(false, records ? x.shape() : Shape.of(0));
        Tensor dw = tape.tensor(false, wantsW ? w.shape() : Shape.of(0));
        if (wantsW) {
            tape.kernels().elementwise().fill(dw.memory(), 0);
        }
        int chunk = Math.max(1, CHUNK_ELEMENTS / Math.max(1, classes));
        try (Memory losses = tape.scratch(rows);
                Memory logits = tape.scratch((long) Math.min(chunk, rows) * classes)) {
            for (int from = 0; from < rows; from += chunk) {
                int n = Math.min(chunk, rows - from);
                Memory part = x.memory().slice((long) from * width, (long) n * width);
                Linear.multiply(tape, n, part, w, logits);
                tape.kernels()
                        .tokens()
                        .crossEntropy(
                                n,
                                classes,
                                logits,
                                targets.memory().slice(from, n),
                                scale,
                                losses.slice(from, n),
                                records ? logits : null);
                if (records) {
                    Memory dPart = dx.memory().slice((long) from * width, (long) n * width);
                    Linear.multiplyGrad(tape, n, logits, w, dPart, false);
                }
                if (wantsW) {
                    tape.kernels()
                            .matMul()
                            .gemm(1, Matrix.of(logits, n, classes).t(), Matrix.of(part, n, width), 1, dw.matrix());
                }
            }
            tape.kernels().rows().sum(losses, scale, loss.memory(), false);
        }
        if (records) {
            tape.record("linear cross-entropy", loss, () -> ofLinearBackward(tape, loss, x, dx, w, dw), dx, dw);
        }
        return loss;
    }

    /** Scales what the forward pass left behind by the loss's own gradient. */
    private static void ofLinearBackward(Tape tape, Tensor loss, Tensor x, Tensor dx, Weight w, Tensor dw) {
        Elementwise kernels = tape.kernels().elementwise();
        Tape.Grad toX = tape.grad(x);
        if (toX != null) {
            kernels.scaleBy(tape.gradOf(loss), dx.memory(), toX.memory(), toX.accumulate());
        }
        Tape.Grad toW = w instanceof Parameter parameter ? tape.grad(parameter) : null;
        if (toW != null) {
            kernels.scaleBy(tape.gradOf(loss), dw.memory(), toW.memory(), toW.accumulate());
        }
    }

    /**
     * The log-probability of each target, without a gradient: {@code l_n,target - log sum_c exp(l_nc)}.
     *
     * @param x [N, width]
     * @return [N]
     */
    public static float[] logProbabilities(Tape tape, Tensor x, Weight w, Tensor targets) {
        int rows = x.shape().rows();
        int width = x.shape().cols();
        int classes = w.shape().dim(0);
        float[] result = new float[rows];
        int chunk = Math.max(1, CHUNK_ELEMENTS / Math.max(1, classes));
        try (Memory losses = tape.scratch(rows);
                Memory logits = tape.scratch((long) Math.min(chunk, rows) * classes)) {
            for (int from = 0; from < rows; from += chunk) {
                int n = Math.min(chunk, rows - from);
                Linear.multiply(tape, n, x.memory().slice((long) from * width, (long) n * width), w, logits);
                tape.kernels()
                        .tokens()
                        .crossEntropy(
                                n, classes, logits, targets.memory().slice(from, n), 0, losses.slice(from, n), null);
            }
            tape.device().read(losses, 0, result);
        }
        for (int n = 0; n < rows; n++) {
            result[n] = -result[n];
        }
        return result;
    }
}
