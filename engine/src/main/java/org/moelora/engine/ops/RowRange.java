package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/** A run of a tensor's rows: {@code y_n = x_from+n}, and a tensor in which a run of rows is another one. Inference only. */
public final class RowRange {
    private RowRange() {}

    /**
     * A copy of some rows.
     *
     * @param x [T, n]
     * @param from first row, {@code 0 <= from <= T - count}
     * @return [count, n]
     */
    public static Tensor of(Tape tape, Tensor x, int from, int count) {
        int width = x.shape().cols();
        return tape.op("rows")
                .constant("x", x)
                .forward(
                        Shape.of(count, width),
                        (v, y) -> tape.kernels()
                                .elementwise()
                                .scale(1, v.of(x).slice((long) from * width, (long) count * width), y))
                .withoutBackward();
    }

    /**
     * y with other rows from {@code from} on, in place.
     *
     * @param y [T, n]; must not be used any more
     * @param part [count, n]
     */
    public static Tensor replace(Tape tape, Tensor y, int from, Tensor part) {
        int width = y.shape().cols();
        long size = part.shape().size();
        return tape.op("rows replaced")
                .constant("y", y)
                .constant("part", part)
                .forwardOver(
                        y,
                        (v, all) ->
                                tape.kernels().elementwise().scale(1, v.of(part), all.slice((long) from * width, size)))
                .withoutBackward();
    }
}
