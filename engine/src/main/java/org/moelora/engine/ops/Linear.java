package org.moelora.engine.ops;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.FrozenWeight;
import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;

/** {@code y = x W^T + b} with {@code x [T, in]}, {@code W [out, in]}, {@code b [out]}, {@code y [T, out]}. */
public final class Linear {
    private static final Tensor[] NOTHING = {};

    private Linear() {}

    public static Tensor apply(Tape tape, Tensor x, Weight w, @Nullable Tensor bias) {
        int rows = x.shape().rows();
        int in = w.shape().dim(1);
        int out = w.shape().dim(0);
        if (x.shape().cols() != in) {
            throw new IllegalArgumentException(
                    "a linear " + w.shape() + " was given rows of " + x.shape().cols());
        }
        boolean records = tape.records(x)
                || (bias != null && tape.records(bias))
                || (w instanceof Parameter parameter && tape.records(parameter));
        Tensor y = tape.tensor(records, Shape.of(rows, out));
        multiply(tape, rows, x.memory(), w, y.memory());
        if (bias != null) {
            tape.kernels().rows().addBias(rows, out, bias.memory(), y.memory());
        }
        if (records) {
            // Only a weight that learns has a gradient that depends on x.
            Tensor[] reads = w instanceof Parameter parameter && tape.records(parameter) ? new Tensor[] {x} : NOTHING;
            tape.record("linear", y, () -> backward(tape, rows, x, w, bias, y), reads);
        }
        return y;
    }

    /** {@code y = x W^T}. */
    static void multiply(Tape tape, int rows, Memory x, Weight w, Memory y) {
        MatMul matMul = tape.kernels().matMul();
        int in = w.shape().dim(1);
        int out = w.shape().dim(0);
        switch (w) {
            case FrozenWeight frozen
            when frozen.isTransposed() -> matMul.linearGrad(rows, x, frozen.frozen(), y, false);
            case FrozenWeight frozen -> matMul.linear(rows, x, frozen.frozen(), y, false);
            case Parameter p ->
                matMul.gemm(1, Matrix.of(x, rows, in), p.matrix().t(), 0, Matrix.of(y, rows, out));
        }
    }

    /** {@code dx (+)= dy W}. */
    static void multiplyGrad(Tape tape, int rows, Memory dy, Weight w, Memory dx, boolean accumulate) {
        MatMul matMul = tape.kernels().matMul();
        int in = w.shape().dim(1);
        int out = w.shape().dim(0);
        switch (w) {
            case FrozenWeight frozen
            when frozen.isTransposed() -> matMul.linear(rows, dy, frozen.frozen(), dx, accumulate);
            case FrozenWeight frozen -> matMul.linearGrad(rows, dy, frozen.frozen(), dx, accumulate);
            case Parameter p ->
                matMul.gemm(1, Matrix.of(dy, rows, out), p.matrix(), accumulate ? 1 : 0, Matrix.of(dx, rows, in));
        }
    }

    /** {@code dx = dy W}, {@code dW = dy^T x}, {@code db = sum_t dy_t}. */
    private static void backward(Tape tape, int rows, Tensor x, Weight w, @Nullable Tensor bias, Tensor y) {
        Memory dy = tape.gradOf(y);
        int in = w.shape().dim(1);
        int out = w.shape().dim(0);
        Tape.Grad dx = tape.grad(x);
        if (dx != null) {
            multiplyGrad(tape, rows, dy, w, dx.memory(), dx.accumulate());
        }
        if (w instanceof Parameter parameter) {
            Tape.Grad dw = tape.grad(parameter);
            if (dw != null) {
                float beta = dw.accumulate() ? 1 : 0;
                tape.kernels()
                        .matMul()
                        .gemm(1, Matrix.of(dy, rows, out).t(), x.matrix(), beta, Matrix.of(dw.memory(), out, in));
            }
        }
        Tape.Grad db = bias == null ? null : tape.grad(bias);
        if (db != null) {
            tape.kernels().rows().columnSum(rows, out, dy, db.memory(), db.accumulate());
        }
    }
}
