package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Rows;

/** Rotary position embedding in half-rotation order: Su et al. 2021, arXiv 2104.09864. */
public final class Rope {
    private Rope() {}

    /**
     * Cosines and sines for rows at the given positions, once per forward pass: [T, 2 * frequencies.length].
     *
     * @param positions I32 [T]
     * @param frequencies angle per position step, of each pair of features
     */
    public static Tensor table(Tape tape, Tensor positions, double[] frequencies) {
        int rows = positions.shape().cols();
        Rows kernels = tape.kernels().rows();
        return tape.op("rope table")
                .constant("positions", positions)
                .forward(
                        Shape.of(rows, 2 * frequencies.length),
                        (v, table) -> kernels.ropeTable(rows, frequencies, v.of(positions), table))
                .withoutBackward();
    }

    /**
     * {@code y_i = x_i cos_i - x_{i+h} sin_i}, {@code y_{i+h} = x_{i+h} cos_i + x_i sin_i} for {@code i < h = headDim / 2}, per head.
     *
     * @param x [T, heads * headDim]
     * @param table [T, headDim]
     */
    public static Tensor apply(Tape tape, Tensor x, Tensor table) {
        return apply(tape, x, table, false);
    }

    /**
     * {@link #apply(Tape, Tensor, Tensor)}, or with the pairs {@code (2i, 2i + 1)} instead of {@code (i, i + h)}.
     *
     * @param interleaved which of the two
     */
    public static Tensor apply(Tape tape, Tensor x, Tensor table, boolean interleaved) {
        int rows = x.shape().rows();
        int headDim = table.shape().cols();
        int heads = x.shape().cols() / headDim;
        Rows kernels = tape.kernels().rows();
        return tape.op("rope")
                .differentiable(x)
                .constant("table", table)
                .reads(table)
                .forward(
                        x.shape(),
                        (v, y) -> kernels.rope(rows, heads, headDim, v.of(table), interleaved, false, v.of(x), y))
                // A rotation is orthogonal: its transpose turns back.
                .backward(
                        (v, dy, d) -> kernels.rope(rows, heads, headDim, v.of(table), interleaved, true, dy, d.of(x)));
    }
}
