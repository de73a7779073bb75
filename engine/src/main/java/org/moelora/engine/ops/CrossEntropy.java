package org.moelora.engine.ops;

import java.util.Objects;
import org.moelora.engine.Op;
import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Values;
import org.moelora.engine.Weight;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Tokens;

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
        Kernels kernels = tape.kernels();
        Op op = tape.op("cross-entropy").differentiable(logits).constant("targets", targets);
        Tensor dLogits = op.records() ? tape.tensor(logits.shape()) : null;
        return op.saves(dLogits)
                // leaves scale (softmax - onehot) behind
                .forward(Shape.of(1), (v, loss) -> {
                    try (Memory losses = tape.scratch(rows)) {
                        kernels.tokens()
                                .crossEntropy(
                                        rows,
                                        classes,
                                        v.of(logits),
                                        v.of(targets),
                                        scale,
                                        losses,
                                        v.ofNullable(dLogits));
                        kernels.rows().sum(losses, scale, loss);
                    }
                })
                // dl = dL scale (softmax - onehot)
                .backward((v, dLoss, d) ->
                        kernels.elementwise().scaleBy(dLoss, v.of(Objects.requireNonNull(dLogits)), d.of(logits)));
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
        Kernels kernels = tape.kernels();
        Parameter learned = Linear.parameter(w);
        Op op = tape.op("linear cross-entropy").differentiable(x, learned).constant("targets", targets);
        Tensor dx = op.records() ? tape.tensor(x.shape()) : null;
        Tensor dw = Linear.requiresGrad(tape, w) ? tape.tensor(w.shape()) : null;
        return op.saves(dx, dw)
                // leaves dx and dw behind, but for the loss's own gradient
                .forward(Shape.of(1), (v, loss) -> {
                    if (dw != null) {
                        kernels.elementwise().fill(v.of(dw), 0);
                    }
                    try (Memory losses = tape.scratch(rows)) {
                        inChunks(tape, v, x, w, (from, n, part, logits) -> {
                            Memory ofChunk = v.of(targets).slice(from, n);
                            Memory dLogits = dx == null ? null : logits;
                            kernels.tokens()
                                    .crossEntropy(n, classes, logits, ofChunk, scale, losses.slice(from, n), dLogits);
                            if (dx != null) {
                                Memory dPart = v.of(dx).slice((long) from * width, (long) n * width);
                                Linear.multiplyGrad(kernels.matMul(), v, n, logits, w, dPart);
                            }
                            if (dw != null) {
                                Matrix dl = Matrix.of(logits, n, classes);
                                kernels.matMul().gemm(1, dl.t(), Matrix.of(part, n, width), 1, v.matrix(dw));
                            }
                        });
                        kernels.rows().sum(losses, scale, loss);
                    }
                })
                .backward((v, dLoss, d) -> {
                    Elementwise elementwise = kernels.elementwise();
                    elementwise.scaleBy(dLoss, v.of(Objects.requireNonNull(dx)), d.of(x));
                    if (dw != null) {
                        elementwise.scaleBy(dLoss, v.of(dw), d.of(learned));
                    }
                });
    }

    private interface Chunk {
        void of(int from, int n, Memory part, Memory logits);
    }

    /** Runs over {@code logits = part W^T} of some rows of x at a time. */
    private static void inChunks(Tape tape, Values v, Tensor x, Weight w, Chunk chunk) {
        int rows = x.shape().rows();
        int width = x.shape().cols();
        int classes = w.shape().dim(0);
        int most = Math.max(1, CHUNK_ELEMENTS / Math.max(1, classes));
        try (Memory logits = tape.scratch((long) Math.min(most, rows) * classes)) {
            for (int from = 0; from < rows; from += most) {
                int n = Math.min(most, rows - from);
                Memory part = v.of(x).slice((long) from * width, (long) n * width);
                Linear.multiply(tape.kernels().matMul(), v, n, part, w, logits);
                chunk.of(from, n, part, logits);
            }
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
        int classes = w.shape().dim(0);
        Tokens kernels = tape.kernels().tokens();
        float[] result = tape.op("log-probabilities")
                .detached(x, Linear.parameter(w))
                .constant("targets", targets)
                .forward(
                        Shape.of(rows),
                        (v, losses) -> inChunks(tape, v, x, w, (from, n, part, logits) -> {
                            Memory ofChunk = v.of(targets).slice(from, n);
                            kernels.crossEntropy(n, classes, logits, ofChunk, 0, losses.slice(from, n), null);
                        }))
                .withoutBackward()
                .toArray();
        for (int n = 0; n < rows; n++) {
            result[n] = -result[n];
        }
        return result;
    }
}
