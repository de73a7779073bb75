package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** RMSNorm of one row, and its backward pass right under it. */
final class RmsNorm {
    private RmsNorm() {}

    /** Writes {@code y = x rstd weight} and returns rstd. */
    static float row(int cols, float eps, MemorySegment xs, MemorySegment ws, MemorySegment ys, long row) {
        FloatVector squares = FloatVector.zero(FLOATS);
        int whole = Lanes.floor(cols);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector x = FloatVector.fromMemorySegment(FLOATS, xs, (row + i) * Float.BYTES, ORDER);
            squares = x.fma(x, squares);
        }
        double sum = Lanes.sum(squares);
        for (int i = whole; i < cols; i++) {
            sum += get(xs, row + i) * get(xs, row + i);
        }
        if (!Sums.holds(sum)) {
            sum = Sums.squares(xs, row, row + cols, 0);
        }
        float rstd = (float) (1 / Math.sqrt(sum / cols + eps));
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromMemorySegment(FLOATS, xs, (row + i) * Float.BYTES, ORDER)
                    .mul(rstd)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ws, (long) i * Float.BYTES, ORDER))
                    .intoMemorySegment(ys, (row + i) * Float.BYTES, ORDER);
        }
        for (int i = whole; i < cols; i++) {
            set(ys, row + i, get(xs, row + i) * rstd * get(ws, i));
        }
        return rstd;
    }

    /** {@code dx (+)= rstd (weight dy - xhat mean(weight dy xhat))} with {@code xhat = x rstd}. */
    static void gradRow(
            int cols,
            float rstd,
            MemorySegment xs,
            MemorySegment ws,
            MemorySegment dys,
            MemorySegment dxs,
            long row,
            boolean accumulate) {
        FloatVector dots = FloatVector.zero(FLOATS);
        int whole = Lanes.floor(cols);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector x = FloatVector.fromMemorySegment(FLOATS, xs, (row + i) * Float.BYTES, ORDER);
            FloatVector w = FloatVector.fromMemorySegment(FLOATS, ws, (long) i * Float.BYTES, ORDER);
            FloatVector dy = FloatVector.fromMemorySegment(FLOATS, dys, (row + i) * Float.BYTES, ORDER);
            dots = x.fma(w.mul(dy), dots);
        }
        double dot = Lanes.sum(dots);
        for (int i = whole; i < cols; i++) {
            dot += get(xs, row + i) * get(ws, i) * get(dys, row + i);
        }
        float pull = (float) (-dot / cols * rstd * rstd);
        for (int i = 0; i < whole; i += COUNT) {
            long at = (row + i) * Float.BYTES;
            FloatVector x = FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER);
            FloatVector w = FloatVector.fromMemorySegment(FLOATS, ws, (long) i * Float.BYTES, ORDER);
            FloatVector dy = FloatVector.fromMemorySegment(FLOATS, dys, at, ORDER);
            FloatVector dx = x.mul(pull).add(w.mul(dy)).mul(rstd);
            if (accumulate) {
                dx = dx.add(FloatVector.fromMemorySegment(FLOATS, dxs, at, ORDER));
            }
            dx.intoMemorySegment(dxs, at, ORDER);
        }
        for (int i = whole; i < cols; i++) {
            float dx = rstd * (get(ws, i) * get(dys, row + i) + get(xs, row + i) * pull);
            set(dxs, row + i, dx + (accumulate ? get(dxs, row + i) : 0));
        }
    }

    /**
     * {@code dWeight (+)= sum_t dy_t x_t rstd_t} in the columns {@code col .. col + COUNT}, in runs of rows so that rounding does not grow
     * with their number.
     */
    static void weightGrad(
            int rows,
            int cols,
            int col,
            MemorySegment xs,
            MemorySegment rs,
            MemorySegment dys,
            MemorySegment dws,
            boolean accumulate) {
        VectorMask<Float> lanes = FLOATS.indexInRange(col, cols);
        FloatVector total = FloatVector.zero(FLOATS);
        for (int run = 0; run < rows; run += 64) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int t = run; t < Math.min(rows, run + 64); t++) {
                long at = ((long) t * cols + col) * Float.BYTES;
                FloatVector x = FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER, lanes);
                FloatVector dy = FloatVector.fromMemorySegment(FLOATS, dys, at, ORDER, lanes);
                sum = x.mul(get(rs, t)).fma(dy, sum);
            }
            total = total.add(sum);
        }
        if (accumulate) {
            total = total.add(FloatVector.fromMemorySegment(FLOATS, dws, (long) col * Float.BYTES, ORDER, lanes));
        }
        total.intoMemorySegment(dws, (long) col * Float.BYTES, ORDER, lanes);
    }
}
