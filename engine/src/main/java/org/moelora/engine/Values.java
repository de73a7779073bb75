package org.moelora.engine;

import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;

/** The values that an {@link Op} may read: in the forward pass its inputs, in the backward pass what it declares to read then. */
public final class Values {
    private final Op op;
    private final @Nullable Tensor output;

    /**
     * @param output the result, in the backward pass; null in the forward pass
     */
    Values(Op op, @Nullable Tensor output) {
        this.op = op;
        this.output = output;
    }

    /**
     * Values of a declared tensor, for a kernel.
     *
     * @throws IllegalStateException if the op does not declare that it reads this tensor
     */
    public Memory of(Tensor x) {
        if (!(output == null ? op.isInput(x) : op.isRead(x))) {
            throw new IllegalStateException(op.name() + " reads " + Op.named(x)
                    + (output == null ? "" : " in its backward pass") + ", which it does not declare");
        }
        return x.memory();
    }

    /** {@link #of}, as {@code [rows, cols]}; a vector is one row. */
    public Matrix matrix(Tensor x) {
        return Matrix.of(of(x), x.shape().rows(), x.shape().cols());
    }

    /** {@link #of}, or null for an optional input that is absent. */
    public @Nullable Memory ofNullable(@Nullable Tensor x) {
        return x == null ? null : of(x);
    }

    /**
     * The op's result, in a backward pass that declares to read it.
     *
     * @throws IllegalStateException if it does not
     */
    public Memory output() {
        if (output == null || !op.outputIsRead()) {
            throw new IllegalStateException(
                    op.name() + " reads its result in its backward pass, which it does not declare");
        }
        return output.memory();
    }
}
