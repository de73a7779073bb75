package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** LayerNorm row by row: the mean first, then the variance around it, since a difference of large sums would lose what the row varies by. */
final class LayerNorm {
    private LayerNorm() {}

    /** Row t, which begins at element {@code t cols}; its mean and rstd go to {@code ss[2 t]} and the one after it. */
    static void row(
            int cols,
            float eps,
            MemorySegment xs,
            MemorySegment ws,
            MemorySegment bs,
            MemorySegment ys,
            MemorySegment ss,
            long t) {
        long row = t * cols;
        int whole = Lanes.floor(cols);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += COUNT) {
            sums = sums.add(FloatVector.fromMemorySegment(FLOATS, xs, (row + i) * Float.BYTES, ORDER));
        }
        double sum = Lanes.sum(sums);
        for (int i = whole; i < cols; i++) {
            sum += get(xs, row + i);
        }
        if (!(Math.abs(sum) <= Float.MAX_VALUE)) {
            sum = 0;
            for (int i = 0; i < cols; i++) {
                sum += get(xs, row + i);
            }
        }
        float mean = (float) (sum / cols);
        FloatVector squares = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector off = FloatVector.fromMemorySegment(FLOATS, xs, (row + i) * Float.BYTES, ORDER)
                    .sub(mean);
            squares = off.fma(off, squares);
        }
        double variance = Lanes.sum(squares);
        for (int i = whole; i < cols; i++) {
            float off = get(xs, row + i) - mean;
            variance += off * off;
        }
        if (!Sums.holds(variance)) {
            variance = Sums.squares(xs, row, row + cols, mean);
        }
        float rstd = (float) (1 / Math.sqrt(variance / cols + eps));
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromMemorySegment(FLOATS, xs, (row + i) * Float.BYTES, ORDER)
                    .sub(mean)
                    .mul(rstd)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ws, (long) i * Float.BYTES, ORDER))
                    .add(FloatVector.fromMemorySegment(FLOATS, bs, (long) i * Float.BYTES, ORDER))
                    .intoMemorySegment(ys, (row + i) * Float.BYTES, ORDER);
        }
        for (int i = whole; i < cols; i++) {
            set(ys, row + i, (get(xs, row + i) - mean) * rstd * get(ws, i) + get(bs, i));
        }
        set(ss, 2 * t, mean);
        set(ss, 2 * t + 1, rstd);
    }

    /** {@code dx (+)= rstd (h - mean h - xhat mean(h xhat))} with {@code h = weight dy}, {@code xhat = (x - mean) rstd}. */
    static void gradRow(
            int cols,
            MemorySegment xs,
            MemorySegment ws,
            MemorySegment ss,
            MemorySegment dys,
            MemorySegment dxs,
            long t,
            boolean accumulate) {
        long row = t * cols;
        float mean = get(ss, 2 * t);
        float rstd = get(ss, 2 * t + 1);
        int whole = Lanes.floor(cols);
        FloatVector sums = FloatVector.zero(FLOATS);
        FloatVector dots = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector off = FloatVector.fromMemorySegment(FLOATS, xs, (row + i) * Float.BYTES, ORDER)
                    .sub(mean);
            FloatVector h = FloatVector.fromMemorySegment(FLOATS, dys, (row + i) * Float.BYTES, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ws, (long) i * Float.BYTES, ORDER));
            sums = sums.add(h);
            dots = off.fma(h, dots);
        }
        double sum = Lanes.sum(sums);
        double dot = Lanes.sum(dots);
        for (int i = whole; i < cols; i++) {
            float h = get(dys, row + i) * get(ws, i);
            sum += h;
            dot += (get(xs, row + i) - mean) * h;
        }
        float shift = (float) (sum / cols);
        float pull = (float) (dot / cols * rstd * rstd);
        for (int i = 0; i < whole; i += COUNT) {
            long at = (row + i) * Float.BYTES;
            FloatVector off =
                    FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER).sub(mean);
            FloatVector h = FloatVector.fromMemorySegment(FLOATS, dys, at, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ws, (long) i * Float.BYTES, ORDER));
            FloatVector dx = h.sub(shift).sub(off.mul(pull)).mul(rstd);
            if (accumulate) {
                dx = dx.add(FloatVector.fromMemorySegment(FLOATS, dxs, at, ORDER));
            }
            dx.intoMemorySegment(dxs, at, ORDER);
        }
        for (int i = whole; i < cols; i++) {
            float h = get(dys, row + i) * get(ws, i);
            float dx = rstd * (h - shift - (get(xs, row + i) - mean) * pull);
            set(dxs, row + i, dx + (accumulate ? get(dxs, row + i) : 0));
        }
    }
}
