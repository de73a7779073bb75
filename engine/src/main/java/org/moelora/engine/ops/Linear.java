package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.FrozenWeight;
import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Values;
import org.moelora.engine.Weight;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;

/** {@code y = x W^T + b} with {@code x [T, in]}, {@code W [out, in]}, {@code b [out]}, {@code y [T, out]}. */
public final class Linear {
    private Linear() {}

    public static Tensor apply(Tape tape, Tensor x, Weight w, @Nullable Tensor bias) {
        int rows = x.shape().rows();
        int in = w.shape().dim(1);
        int out = w.shape().dim(0);
        if (x.shape().cols() != in) {
            throw new IllegalArgumentException(
                    "a linear " + w.shape() + " was given rows of " + x.shape().cols());
        }
        Kernels kernels = tape.kernels();
        Parameter learned = parameter(w);
        return tape.op("linear")
                .differentiable(x, learned, bias)
                // Only a trainable weight has a gradient that depends on x.
                .reads(learned, requiresGrad(tape, w) ? x : null)
                .forward(Shape.of(rows, out), (v, y) -> {
                    multiply(kernels.matMul(), v, rows, v.of(x), w, y);
                    if (bias != null) {
                        kernels.rows().addBias(rows, out, v.of(bias), y);
                    }
                })
                // dx = dy W, dW = dy^T x, db = sum_t dy_t
                .backward((v, dy, d) -> {
                    multiplyGrad(kernels.matMul(), v, rows, dy, w, d.of(x));
                    if (d.requires(learned)) {
                        kernels.matMul().gemm(1, Matrix.of(dy, rows, out).t(), v.matrix(x), d.of(learned));
                    }
                    kernels.rows().columnSum(rows, out, dy, d.of(bias));
                });
    }

    /**
     * {@link #apply} in which every row has the bits that it has alone, whatever the other rows are: for texts that are decoded side by side. Inference only.
     */
    public static Tensor byRow(Tape tape, Tensor x, Weight w, @Nullable Tensor bias) {
        if (!(w instanceof FrozenWeight frozen) || frozen.isTransposed()) {
            return apply(tape, x, w, bias); // one kernel for any number of rows
        }
        int rows = x.shape().rows();
        int out = w.shape().dim(0);
        Kernels kernels = tape.kernels();
        return tape.op("linear by row")
                .constant("x", x)
                .constant("bias", bias)
                .forward(Shape.of(rows, out), (v, y) -> {
                    kernels.matMul().linearByRow(rows, v.of(x), frozen.frozen(), y);
                    if (bias != null) {
                        kernels.rows().addBias(rows, out, v.of(bias), y);
                    }
                })
                .withoutBackward();
    }

    /** The weight as an input of an op; null if it is frozen for good. */
    static @Nullable Parameter parameter(Weight w) {
        return w instanceof Parameter parameter ? parameter : null;
    }

    static boolean requiresGrad(Tape tape, Weight w) {
        return w instanceof Parameter parameter && tape.records(parameter);
    }

    /** {@code y = x W^T}. */
    static void multiply(MatMul matMul, Values v, int rows, Memory x, Weight w, Memory y) {
        int in = w.shape().dim(1);
        int out = w.shape().dim(0);
        switch (w) {
            case FrozenWeight frozen when frozen.isTransposed() -> matMul.linearGrad(rows, x, frozen.frozen(), y);
            case FrozenWeight frozen -> matMul.linear(rows, x, frozen.frozen(), y);
            case Parameter p ->
                matMul.gemm(1, Matrix.of(x, rows, in), v.matrix(p).t(), 0, Matrix.of(y, rows, out));
        }
    }

    /** {@code dx (+)= dy W}. */
    static void multiplyGrad(MatMul matMul, Values v, int rows, Memory dy, Weight w, Sink dx) {
        int out = w.shape().dim(0);
        switch (w) {
            case FrozenWeight frozen when frozen.isTransposed() -> matMul.linear(rows, dy, frozen.frozen(), dx);
            case FrozenWeight frozen -> matMul.linearGrad(rows, dy, frozen.frozen(), dx);
            case Parameter p -> matMul.gemm(1, Matrix.of(dy, rows, out), v.matrix(p), dx);
        }
    }
}
