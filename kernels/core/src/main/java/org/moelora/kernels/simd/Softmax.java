package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax of one row, its backward pass, and the cross-entropy on it. The last lanes of a softmax are masked rather than looped over: gates
 * have rows shorter than a vector, and a scalar exponential costs as much as a vector of them. One exponential per method: with two,
 * C2 exceeds its budget of nodes and puts every vector on the heap.
 */
final class Softmax {
    private static final int RUN = 4096;

    private Softmax() {}

    static void row(int cols, MemorySegment xs, MemorySegment ys, long row) {
        float max = max(cols, xs, row);
        int whole = Lanes.floor(cols);
        float sum = expWhole(whole, xs, ys, row, max) + expRest(whole, cols, xs, ys, row, max);
        scale(cols, ys, row, 1 / sum);
    }

    /** {@code y_i = exp(x_i - max)} for the whole vectors; returns their sum. */
    private static float expWhole(int whole, MemorySegment xs, MemorySegment ys, long row, float max) {
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += COUNT) {
            long at = (row + i) * Float.BYTES;
            FloatVector e =
                    Exp.exp(FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER).sub(max));
            e.intoMemorySegment(ys, at, ORDER);
            sums = sums.add(e);
        }
        return Lanes.sum(sums);
    }

    private static float expRest(int whole, int cols, MemorySegment xs, MemorySegment ys, long row, float max) {
        if (whole == cols) {
            return 0;
        }
        VectorMask<Float> rest = FLOATS.indexInRange(whole, cols);
        long end = (row + whole) * Float.BYTES;
        Exp.exp(FloatVector.fromMemorySegment(FLOATS, xs, end, ORDER, rest).sub(max))
                .intoMemorySegment(ys, end, ORDER, rest);
        float sum = 0;
        for (int i = whole; i < cols; i++) {
            sum += get(ys, row + i);
        }
        return sum;
    }

    private static void scale(int cols, MemorySegment ys, long row, float factor) {
        int whole = Lanes.floor(cols);
        for (int i = 0; i < whole; i += COUNT) {
            long at = (row + i) * Float.BYTES;
            FloatVector.fromMemorySegment(FLOATS, ys, at, ORDER).mul(factor).intoMemorySegment(ys, at, ORDER);
        }
        for (int i = whole; i < cols; i++) {
            set(ys, row + i, get(ys, row + i) * factor);
        }
    }

    /** {@code dx (+)= y .* (dy - <y, dy>)}. */
    static void gradRow(
            int cols, MemorySegment ys, MemorySegment dys, MemorySegment dxs, long row, boolean accumulate) {
        int whole = Lanes.floor(cols);
        FloatVector dots = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += COUNT) {
            long at = (row + i) * Float.BYTES;
            FloatVector y = FloatVector.fromMemorySegment(FLOATS, ys, at, ORDER);
            dots = y.fma(FloatVector.fromMemorySegment(FLOATS, dys, at, ORDER), dots);
        }
        float dot = Lanes.sum(dots);
        for (int i = whole; i < cols; i++) {
            dot += get(ys, row + i) * get(dys, row + i);
        }
        for (int i = 0; i < whole; i += COUNT) {
            long at = (row + i) * Float.BYTES;
            FloatVector dx = FloatVector.fromMemorySegment(FLOATS, dys, at, ORDER)
                    .sub(dot)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ys, at, ORDER));
            if (accumulate) {
                dx = dx.add(FloatVector.fromMemorySegment(FLOATS, dxs, at, ORDER));
            }
            dx.intoMemorySegment(dxs, at, ORDER);
        }
        for (int i = whole; i < cols; i++) {
            float dx = get(ys, row + i) * (get(dys, row + i) - dot);
            set(dxs, row + i, dx + (accumulate ? get(dxs, row + i) : 0));
        }
    }

    /** {@code log sum_i exp(x_i - max)}. */
    static double logSum(int cols, MemorySegment xs, long row, float max) {
        int whole = Lanes.floor(cols);
        return Math.log(sumWhole(whole, xs, row, max) + sumRest(whole, cols, xs, row, max));
    }

    /** Summed in runs, so that rounding does not grow with the size of a vocabulary. */
    private static double sumWhole(int whole, MemorySegment xs, long row, float max) {
        double sum = 0;
        for (int from = 0; from < whole; from += RUN) {
            FloatVector sums = FloatVector.zero(FLOATS);
            for (int i = from; i < Math.min(whole, from + RUN); i += COUNT) {
                long at = (row + i) * Float.BYTES;
                sums = sums.add(Exp.exp(
                        FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER).sub(max)));
            }
            sum += Lanes.sum(sums);
        }
        return sum;
    }

    private static float sumRest(int whole, int cols, MemorySegment xs, long row, float max) {
        float sum = 0;
        for (int i = whole; i < cols; i++) {
            sum += (float) Math.exp(get(xs, row + i) - max);
        }
        return sum;
    }

    /** {@code dx_i = scale exp(x_i - max - logSum)}: the gradient of the cross-entropy but for the target; dx may be x. */
    static void scaled(int cols, MemorySegment xs, MemorySegment dxs, long row, float max, double logSum, float scale) {
        int whole = Lanes.floor(cols);
        float log = (float) logSum;
        for (int i = 0; i < whole; i += COUNT) {
            long at = (row + i) * Float.BYTES;
            Exp.exp(FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER)
                            .sub(max)
                            .sub(log))
                    .mul(scale)
                    .intoMemorySegment(dxs, at, ORDER);
        }
        for (int i = whole; i < cols; i++) {
            set(dxs, row + i, (float) (scale * Math.exp((double) get(xs, row + i) - max - logSum)));
        }
    }

    /** The largest of a row. */
    static float max(int cols, MemorySegment xs, long row) {
        int whole = Lanes.floor(cols);
        float max = Float.NEGATIVE_INFINITY;
        if (whole > 0) {
            FloatVector most = FloatVector.fromMemorySegment(FLOATS, xs, row * Float.BYTES, ORDER);
            for (int i = COUNT; i < whole; i += COUNT) {
                most = most.max(FloatVector.fromMemorySegment(FLOATS, xs, (row + i) * Float.BYTES, ORDER));
            }
            max = most.reduceLanes(VectorOperators.MAX);
        }
        for (int i = whole; i < cols; i++) {
            max = Math.max(max, get(xs, row + i));
        }
        return max;
    }
}
