package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.getInt;
import static org.moelora.kernels.cpu.HostMemory.ints;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Rows;
import org.moelora.kernels.Sink;
import org.moelora.kernels.cpu.Workers;

final class SimdRows implements Rows {
    private final Workers workers;

    SimdRows(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void softmax(int rows, int cols, Memory x, Memory y) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        Ranges.run(workers, rows, 1, 8L * cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                Softmax.row(cols, xs, ys, t * cols);
            }
        });
    }

    @Override
    public void softmaxGrad(int rows, int cols, Memory y, Memory dy, Sink dx) {
        boolean accumulate = dx.adds();
        MemorySegment ys = floats(y, (long) rows * cols);
        MemorySegment dys = floats(dy, (long) rows * cols);
        MemorySegment dxs = floats(dx, (long) rows * cols);
        Ranges.run(workers, dx, rows, 1, 2L * cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                Softmax.gradRow(cols, ys, dys, dxs, t * cols, accumulate);
            }
        });
    }

    @Override
    public void rmsNorm(int rows, int cols, float eps, Memory x, Memory weight, Memory y, Memory rstd) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ws = floats(weight, cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        MemorySegment rs = floats(rstd, rows);
        Ranges.run(workers, rows, 1, 2L * cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                set(rs, t, RmsNorm.row(cols, eps, xs, ws, ys, t * cols));
            }
        });
    }

    @Override
    public void rmsNormGrad(int rows, int cols, Memory x, Memory weight, Memory rstd, Memory dy, Sink dx) {
        boolean accumulate = dx.adds();
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ws = floats(weight, cols);
        MemorySegment rs = floats(rstd, rows);
        MemorySegment dys = floats(dy, (long) rows * cols);
        MemorySegment dxs = floats(dx, (long) rows * cols);
        Ranges.run(workers, dx, rows, 1, 3L * cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                RmsNorm.gradRow(cols, get(rs, t), xs, ws, dys, dxs, t * cols, accumulate);
            }
        });
    }

    @Override
    public void rmsNormWeightGrad(int rows, int cols, Memory x, Memory rstd, Memory dy, Sink dWeight) {
        boolean accumulate = dWeight.adds();
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment rs = floats(rstd, rows);
        MemorySegment dys = floats(dy, (long) rows * cols);
        MemorySegment dws = floats(dWeight, cols);
        Ranges.run(workers, dWeight, cols, COUNT, 2L * rows, (from, to) -> {
            for (int i = (int) from; i < to; i += COUNT) {
                RmsNorm.weightGrad(rows, cols, i, xs, rs, dys, dws, accumulate);
            }
        });
    }

    @Override
    public void layerNorm(int rows, int cols, float eps, Memory x, Memory weight, Memory bias, Memory y, Memory stats) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ws = floats(weight, cols);
        MemorySegment bs = floats(bias, cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        MemorySegment ss = floats(stats, 2L * rows);
        Ranges.run(workers, rows, 1, 3L * cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                LayerNorm.row(cols, eps, xs, ws, bs, ys, ss, t);
            }
        });
    }

    @Override
    public void layerNormGrad(int rows, int cols, Memory x, Memory weight, Memory stats, Memory dy, Sink dx) {
        boolean accumulate = dx.adds();
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ws = floats(weight, cols);
        MemorySegment ss = floats(stats, 2L * rows);
        MemorySegment dys = floats(dy, (long) rows * cols);
        MemorySegment dxs = floats(dx, (long) rows * cols);
        Ranges.run(workers, dx, rows, 1, 4L * cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                LayerNorm.gradRow(cols, xs, ws, ss, dys, dxs, t, accumulate);
            }
        });
    }

    @Override
    public void copyRows(Matrix x, Matrix y, boolean accumulate) {
        MemorySegment xs = floats(x);
        MemorySegment ys = floats(y);
        int width = y.cols();
        Ranges.run(workers, y.rows(), 1, width, (from, to) -> {
            for (long t = from; t < to; t++) {
                long source = x.index((int) t, 0);
                long target = y.index((int) t, 0);
                if (!accumulate) {
                    MemorySegment.copy(xs, source * Float.BYTES, ys, target * Float.BYTES, (long) width * Float.BYTES);
                    continue;
                }
                int i = 0;
                for (; i + COUNT <= width; i += COUNT) {
                    long at = (target + i) * Float.BYTES;
                    FloatVector.fromMemorySegment(FLOATS, ys, at, ORDER)
                            .add(FloatVector.fromMemorySegment(FLOATS, xs, (source + i) * Float.BYTES, ORDER))
                            .intoMemorySegment(ys, at, ORDER);
                }
                for (; i < width; i++) {
                    set(ys, target + i, get(ys, target + i) + get(xs, source + i));
                }
            }
        });
    }

    @Override
    public void scaleColumns(int rows, int cols, Memory x, Memory scale, Sink y) {
        boolean accumulate = y.adds();
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ss = floats(scale, cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        Ranges.run(workers, y, rows, 1, cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                long row = t * cols;
                int i = 0;
                for (; i + COUNT <= cols; i += COUNT) {
                    long at = (row + i) * Float.BYTES;
                    FloatVector v = FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER)
                            .mul(FloatVector.fromMemorySegment(FLOATS, ss, (long) i * Float.BYTES, ORDER));
                    if (accumulate) {
                        v = v.add(FloatVector.fromMemorySegment(FLOATS, ys, at, ORDER));
                    }
                    v.intoMemorySegment(ys, at, ORDER);
                }
                for (; i < cols; i++) {
                    set(ys, row + i, get(xs, row + i) * get(ss, i) + (accumulate ? get(ys, row + i) : 0));
                }
            }
        });
    }

    @Override
    public void rowDots(int rows, int cols, Memory a, Memory b, Sink out) {
        boolean accumulate = out.adds();
        MemorySegment as = floats(a, (long) rows * cols);
        MemorySegment bs = floats(b, (long) rows * cols);
        MemorySegment os = floats(out, rows);
        Ranges.run(workers, out, rows, 1, 2L * cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                float dot = dot(cols, as, bs, t * cols);
                set(os, t, dot + (accumulate ? get(os, t) : 0));
            }
        });
    }

    /** {@code <a, b>} over the elements {@code from .. from + n}. */
    private static float dot(int n, MemorySegment as, MemorySegment bs, long from) {
        FloatVector sums = FloatVector.zero(FLOATS);
        int whole = Lanes.floor(n);
        for (int i = 0; i < whole; i += COUNT) {
            long at = (from + i) * Float.BYTES;
            sums = FloatVector.fromMemorySegment(FLOATS, as, at, ORDER)
                    .fma(FloatVector.fromMemorySegment(FLOATS, bs, at, ORDER), sums);
        }
        double dot = Lanes.sum(sums);
        for (int i = whole; i < n; i++) {
            dot += get(as, from + i) * get(bs, from + i);
        }
        return (float) dot;
    }

    @Override
    public void addBias(int rows, int cols, Memory bias, Memory y) {
        MemorySegment bs = floats(bias, cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        Ranges.run(workers, rows, 1, cols, (from, to) -> {
            for (long t = from; t < to; t++) {
                long row = t * cols;
                int i = 0;
                for (; i + COUNT <= cols; i += COUNT) {
                    FloatVector.fromMemorySegment(FLOATS, ys, (row + i) * Float.BYTES, ORDER)
                            .add(FloatVector.fromMemorySegment(FLOATS, bs, (long) i * Float.BYTES, ORDER))
                            .intoMemorySegment(ys, (row + i) * Float.BYTES, ORDER);
                }
                for (; i < cols; i++) {
                    set(ys, row + i, get(ys, row + i) + get(bs, i));
                }
            }
        });
    }

    @Override
    public void columnSum(int rows, int cols, Memory x, Sink out) {
        boolean accumulate = out.adds();
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment os = floats(out, cols);
        Ranges.run(workers, out, cols, COUNT, rows, (from, to) -> {
            for (int i = (int) from; i < to; i += COUNT) {
                column(rows, cols, i, xs, os, accumulate);
            }
        });
    }

    /** Columns {@code col .. col + COUNT}, summed in runs of rows so that rounding does not grow with their number. */
    private static void column(int rows, int cols, int col, MemorySegment xs, MemorySegment os, boolean accumulate) {
        VectorMask<Float> lanes = FLOATS.indexInRange(col, cols);
        FloatVector total = FloatVector.zero(FLOATS);
        for (int run = 0; run < rows; run += 64) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int t = run; t < Math.min(rows, run + 64); t++) {
                long at = ((long) t * cols + col) * Float.BYTES;
                sum = sum.add(FloatVector.fromMemorySegment(FLOATS, xs, at, ORDER, lanes));
            }
            total = total.add(sum);
        }
        if (accumulate) {
            total = total.add(FloatVector.fromMemorySegment(FLOATS, os, (long) col * Float.BYTES, ORDER, lanes));
        }
        total.intoMemorySegment(os, (long) col * Float.BYTES, ORDER, lanes);
    }

    @Override
    public void ropeTable(int rows, double[] frequencies, Memory positions, Memory table) {
        int half = frequencies.length;
        MemorySegment ps = ints(positions, rows);
        MemorySegment ts = floats(table, (long) rows * 2 * half);
        Ranges.run(workers, rows, 1, 64L * half, (from, to) -> {
            for (long t = from; t < to; t++) {
                long row = t * 2 * half;
                for (int i = 0; i < half; i++) {
                    double angle = getInt(ps, t) * frequencies[i];
                    set(ts, row + i, (float) Math.cos(angle));
                    set(ts, row + half + i, (float) Math.sin(angle));
                }
            }
        });
    }

    @Override
    public void rope(
            int rows, int heads, int headDim, Memory table, boolean interleaved, boolean inverse, Memory x, Sink y) {
        boolean accumulate = y.adds();
        MemorySegment ts = floats(table, (long) rows * headDim);
        MemorySegment xs = floats(x, (long) rows * heads * headDim);
        MemorySegment ys = floats(y, (long) rows * heads * headDim);
        float sign = inverse ? -1 : 1;
        Ranges.run(workers, y, rows, 1, 2L * heads * headDim, (from, to) -> {
            for (long t = from; t < to; t++) {
                for (int h = 0; h < heads; h++) {
                    long head = (t * heads + h) * headDim;
                    if (interleaved) {
                        rotatePairs(headDim / 2, ts, t * headDim, sign, xs, ys, head, accumulate);
                    } else {
                        rotate(headDim / 2, ts, t * headDim, sign, xs, ys, head, accumulate);
                    }
                }
            }
        });
    }

    private static void rotate(
            int half,
            MemorySegment ts,
            long angles,
            float sign,
            MemorySegment xs,
            MemorySegment ys,
            long head,
            boolean accumulate) {
        int i = 0;
        for (; i + COUNT <= half; i += COUNT) {
            long lowAt = (head + i) * Float.BYTES;
            long highAt = (head + half + i) * Float.BYTES;
            FloatVector cos = FloatVector.fromMemorySegment(FLOATS, ts, (angles + i) * Float.BYTES, ORDER);
            FloatVector sin = FloatVector.fromMemorySegment(FLOATS, ts, (angles + half + i) * Float.BYTES, ORDER)
                    .mul(sign);
            FloatVector low = FloatVector.fromMemorySegment(FLOATS, xs, lowAt, ORDER);
            FloatVector high = FloatVector.fromMemorySegment(FLOATS, xs, highAt, ORDER);
            FloatVector toLow = low.mul(cos).sub(high.mul(sin));
            FloatVector toHigh = high.mul(cos).add(low.mul(sin));
            if (accumulate) {
                toLow = toLow.add(FloatVector.fromMemorySegment(FLOATS, ys, lowAt, ORDER));
                toHigh = toHigh.add(FloatVector.fromMemorySegment(FLOATS, ys, highAt, ORDER));
            }
            toLow.intoMemorySegment(ys, lowAt, ORDER);
            toHigh.intoMemorySegment(ys, highAt, ORDER);
        }
        for (; i < half; i++) {
            float cos = get(ts, angles + i);
            float sin = get(ts, angles + half + i) * sign;
            float low = get(xs, head + i);
            float high = get(xs, head + half + i);
            set(ys, head + i, low * cos - high * sin + (accumulate ? get(ys, head + i) : 0));
            set(ys, head + half + i, high * cos + low * sin + (accumulate ? get(ys, head + half + i) : 0));
        }
    }

    /** Features 2i and 2i + 1 of a head. */
    private static void rotatePairs(
            int half,
            MemorySegment ts,
            long angles,
            float sign,
            MemorySegment xs,
            MemorySegment ys,
            long head,
            boolean accumulate) {
        for (int i = 0; i < half; i++) {
            float cos = get(ts, angles + i);
            float sin = get(ts, angles + half + i) * sign;
            long at = head + 2L * i;
            float first = get(xs, at);
            float second = get(xs, at + 1);
            set(ys, at, first * cos - second * sin + (accumulate ? get(ys, at) : 0));
            set(ys, at + 1, second * cos + first * sin + (accumulate ? get(ys, at + 1) : 0));
        }
    }

    @Override
    public void sum(Memory x, float scale, Sink out) {
        boolean accumulate = out.adds();
        MemorySegment xs = floats(x, x.length());
        MemorySegment os = floats(out, 1);
        if (out.isAbsent()) {
            return;
        }
        double sum = scale * Sums.blocked(workers, x.length(), (from, to) -> sum(xs, from, to));
        set(os, 0, (float) (accumulate ? get(os, 0) + sum : sum));
    }

    private static double sum(MemorySegment xs, long from, long to) {
        FloatVector even = FloatVector.zero(FLOATS);
        FloatVector odd = FloatVector.zero(FLOATS);
        long i = from;
        for (; i + 2L * COUNT <= to; i += 2L * COUNT) {
            even = even.add(FloatVector.fromMemorySegment(FLOATS, xs, i * Float.BYTES, ORDER));
            odd = odd.add(FloatVector.fromMemorySegment(FLOATS, xs, (i + COUNT) * Float.BYTES, ORDER));
        }
        double sum = Lanes.sum(even.add(odd));
        for (; i < to; i++) {
            sum += get(xs, i);
        }
        return sum;
    }
}
