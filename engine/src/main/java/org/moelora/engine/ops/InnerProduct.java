package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.MatMul;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;

/** {@code y = sum_i a_i b_i} over all elements of two tensors of one shape. */
public final class InnerProduct {
    private InnerProduct() {}

    /**
     * @return [1]
     * @throws IllegalArgumentException if the shapes differ
     */
    public static Tensor apply(Tape tape, Tensor a, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            throw new IllegalArgumentException("there is no inner product of " + a.shape() + " and " + b.shape());
        }
        int n = Math.toIntExact(a.shape().size());
        MatMul kernels = tape.kernels().matMul();
        return tape.op("inner product")
                .differentiable(a, b)
                .reads(a, b)
                // y = a b^T, as rows [1, n]
                .forward(
                        Shape.of(1),
                        (v, y) ->
                                kernels.gemm(1, row(v.of(a), n), row(v.of(b), n).t(), 0, row(y, 1)))
                // da = dy b, db = dy a
                .backward((v, dy, d) -> {
                    kernels.gemm(1, row(dy, 1), row(v.of(b), n), d.of(a));
                    kernels.gemm(1, row(dy, 1), row(v.of(a), n), d.of(b));
                });
    }

    private static Matrix row(Memory memory, int n) {
        return Matrix.of(memory, 1, n);
    }
}
