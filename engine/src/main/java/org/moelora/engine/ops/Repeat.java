package org.moelora.engine.ops;

import java.util.stream.IntStream;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Tokens;

/** {@code y_t = [x_t, x_t, ...]}, n times, for {@code x [T, r]} and {@code y [T, n r]}: what one A gives, for each of n experts. */
public final class Repeat {
    private Repeat() {}

    /**
     * @param x [T, r]
     * @param times n, from 1
     * @return [T, n r]
     */
    public static Tensor apply(Tape tape, Tensor x, int times) {
        int rows = x.shape().rows();
        int cols = x.shape().cols();
        Tokens kernels = tape.kernels().tokens();
        // [T, n r] is [T n, r] in memory: rows to gather.
        int count = Math.multiplyExact(rows, times);
        Tensor from = tape.ints(IntStream.range(0, count).map(i -> i / times).toArray());
        return tape.op("repeat")
                .differentiable(x)
                .constant("rows", from)
                .reads(from)
                .forward(
                        Shape.of(rows, Math.multiplyExact(times, cols)),
                        (v, y) -> kernels.gather(count, cols, v.of(from), v.of(x), y))
                // dx_t = the sum of dy_t's n parts
                .backward((v, dy, d) -> kernels.scatterAdd(count, cols, v.of(from), dy, d.of(x)));
    }
}
