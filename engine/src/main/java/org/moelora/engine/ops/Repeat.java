package org.moelora.engine.ops;

import java.util.stream.IntStream;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

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
        boolean records = tape.records(x);
        Tensor y = tape.tensor(records, Shape.of(rows, Math.multiplyExact(times, cols)));
        // [T, n r] is [T n, r] in memory: rows to gather.
        int count = Math.multiplyExact(rows, times);
        Tensor from = tape.ints(IntStream.range(0, count).map(i -> i / times).toArray());
        tape.kernels().tokens().gather(count, cols, from.memory(), x.memory(), y.memory());
        if (records) {
            tape.record("repeat", y, () -> backward(tape, x, count, from, y), from);
        }
        return y;
    }

    /** {@code dx_t} = the sum of {@code dy_t}'s n parts. */
    private static void backward(Tape tape, Tensor x, int count, Tensor from, Tensor y) {
        Tape.Grad dx = tape.grad(x);
        if (dx != null) {
            if (!dx.accumulate()) {
                tape.kernels().elementwise().fill(dx.memory(), 0);
            }
            tape.kernels().tokens().scatterAdd(count, x.shape().cols(), from.memory(), tape.gradOf(y), dx.memory());
        }
    }
}
