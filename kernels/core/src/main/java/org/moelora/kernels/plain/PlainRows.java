package org.moelora.kernels.plain;

import static org.moelora.kernels.cpu.HostMemory.floats;
import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.getInt;
import static org.moelora.kernels.cpu.HostMemory.ints;
import static org.moelora.kernels.cpu.HostMemory.set;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Rows;
import org.moelora.kernels.Sink;

final class PlainRows implements Rows {
    /** x, y [rows, cols]: {@code y_i = exp(x_i - max x) / sum_j exp(x_j - max x)} per row. The largest is taken off so that no exp overflows. */
    @Override
    public void softmax(int rows, int cols, Memory x, Memory y) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        for (int t = 0; t < rows; t++) {
            long row = (long) t * cols;
            double max = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < cols; i++) {
                max = Math.max(max, get(xs, row + i));
            }
            double sum = 0;
            for (int i = 0; i < cols; i++) {
                sum += Math.exp(get(xs, row + i) - max);
            }
            for (int i = 0; i < cols; i++) {
                set(ys, row + i, (float) (Math.exp(get(xs, row + i) - max) / sum));
            }
        }
    }

    /** {@code dx = y .* (dy - <y, dy>)} per row, as the derivative of y_j in x_i is {@code y_j ([i = j] - y_i)}. */
    @Override
    public void softmaxGrad(int rows, int cols, Memory y, Memory dy, Sink dx) {
        MemorySegment ys = floats(y, (long) rows * cols);
        MemorySegment dys = floats(dy, (long) rows * cols);
        MemorySegment dxs = floats(dx, (long) rows * cols);
        for (int t = 0; t < rows; t++) {
            long row = (long) t * cols;
            double dot = 0;
            for (int i = 0; i < cols; i++) {
                dot += (double) get(ys, row + i) * get(dys, row + i);
            }
            for (int i = 0; i < cols; i++) {
                put(dxs, row + i, get(ys, row + i) * (get(dys, row + i) - dot), dx);
            }
        }
    }

    /** x, y [rows, cols], weight [cols]: {@code y_ti = x_ti rstd_t weight_i} with {@code rstd_t = 1 / sqrt(mean_i x_ti^2 + eps)}, [rows]. */
    @Override
    public void rmsNorm(int rows, int cols, float eps, Memory x, Memory weight, Memory y, Memory rstd) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ws = floats(weight, cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        MemorySegment rs = floats(rstd, rows);
        for (int t = 0; t < rows; t++) {
            long row = (long) t * cols;
            double squares = 0;
            for (int i = 0; i < cols; i++) {
                squares += (double) get(xs, row + i) * get(xs, row + i);
            }
            double r = 1 / Math.sqrt(squares / cols + eps);
            set(rs, t, (float) r);
            for (int i = 0; i < cols; i++) {
                set(ys, row + i, (float) (get(xs, row + i) * r * get(ws, i)));
            }
        }
    }

    /** {@code dx_ti = rstd_t (weight_i dy_ti - xhat_ti mean_j(weight_j dy_tj xhat_tj))} with {@code xhat = x rstd}. */
    @Override
    public void rmsNormGrad(int rows, int cols, Memory x, Memory weight, Memory rstd, Memory dy, Sink dx) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ws = floats(weight, cols);
        MemorySegment rs = floats(rstd, rows);
        MemorySegment dys = floats(dy, (long) rows * cols);
        MemorySegment dxs = floats(dx, (long) rows * cols);
        for (int t = 0; t < rows; t++) {
            long row = (long) t * cols;
            double r = get(rs, t);
            double mean = 0;
            for (int i = 0; i < cols; i++) {
                mean += (double) get(ws, i) * get(dys, row + i) * get(xs, row + i) * r / cols;
            }
            for (int i = 0; i < cols; i++) {
                double hat = get(xs, row + i) * r;
                put(dxs, row + i, r * ((double) get(ws, i) * get(dys, row + i) - hat * mean), dx);
            }
        }
    }

    /** {@code dWeight_i = sum_t dy_ti x_ti rstd_t}, [cols]. */
    @Override
    public void rmsNormWeightGrad(int rows, int cols, Memory x, Memory rstd, Memory dy, Sink dWeight) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment rs = floats(rstd, rows);
        MemorySegment dys = floats(dy, (long) rows * cols);
        MemorySegment dws = floats(dWeight, cols);
        for (int i = 0; i < cols; i++) {
            double sum = 0;
            for (int t = 0; t < rows; t++) {
                long at = (long) t * cols + i;
                sum += (double) get(dys, at) * get(xs, at) * get(rs, t);
            }
            put(dws, i, sum, dWeight);
        }
    }

    /** x, y [rows, cols]: {@code y_ti = (x_ti - mean_t) rstd_t weight_i + bias_i}; stats [rows, 2] keeps mean_t and rstd_t. */
    @Override
    public void layerNorm(int rows, int cols, float eps, Memory x, Memory weight, Memory bias, Memory y, Memory stats) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ws = floats(weight, cols);
        MemorySegment bs = floats(bias, cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        MemorySegment ss = floats(stats, 2L * rows);
        for (int t = 0; t < rows; t++) {
            long row = (long) t * cols;
            double mean = 0;
            for (int i = 0; i < cols; i++) {
                mean += get(xs, row + i) / (double) cols;
            }
            double variance = 0;
            for (int i = 0; i < cols; i++) {
                double off = get(xs, row + i) - mean;
                variance += off * off / cols;
            }
            double r = 1 / Math.sqrt(variance + eps);
            set(ss, 2L * t, (float) mean);
            set(ss, 2L * t + 1, (float) r);
            for (int i = 0; i < cols; i++) {
                set(ys, row + i, (float) ((get(xs, row + i) - mean) * r * get(ws, i) + get(bs, i)));
            }
        }
    }

    /** {@code dx_ti = rstd_t (weight_i dy_ti - mean_j(weight_j dy_tj) - xhat_ti mean_j(weight_j dy_tj xhat_tj))}. */
    @Override
    public void layerNormGrad(int rows, int cols, Memory x, Memory weight, Memory stats, Memory dy, Sink dx) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ws = floats(weight, cols);
        MemorySegment ss = floats(stats, 2L * rows);
        MemorySegment dys = floats(dy, (long) rows * cols);
        MemorySegment dxs = floats(dx, (long) rows * cols);
        for (int t = 0; t < rows; t++) {
            long row = (long) t * cols;
            double mean = get(ss, 2L * t);
            double r = get(ss, 2L * t + 1);
            double sum = 0;
            double dot = 0;
            for (int i = 0; i < cols; i++) {
                double d = (double) get(ws, i) * get(dys, row + i) / cols;
                sum += d;
                dot += d * (get(xs, row + i) - mean) * r;
            }
            for (int i = 0; i < cols; i++) {
                double hat = (get(xs, row + i) - mean) * r;
                put(dxs, row + i, r * ((double) get(ws, i) * get(dys, row + i) - sum - hat * dot), dx);
            }
        }
    }

    /** {@code y_ti (+)= x_ti}, [rows, cols]; backwards it is {@code dx_ti += dy_ti}. */
    @Override
    public void copyRows(Matrix x, Matrix y, boolean accumulate) {
        MemorySegment xs = floats(x);
        MemorySegment ys = floats(y);
        for (int t = 0; t < y.rows(); t++) {
            for (int i = 0; i < y.cols(); i++) {
                put(ys, y.index(t, i), get(xs, x.index(t, i)), accumulate);
            }
        }
    }

    /** {@code y_ti (+)= x_ti scale_i} with x, y [rows, cols], scale [cols]; backwards {@code dx_ti = dy_ti scale_i}. */
    @Override
    public void scaleColumns(int rows, int cols, Memory x, Memory scale, Sink y) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment ss = floats(scale, cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < cols; i++) {
                long at = (long) t * cols + i;
                put(ys, at, (double) get(xs, at) * get(ss, i), y);
            }
        }
    }

    /** {@code out_t (+)= sum_i a_ti b_ti} with a, b [rows, cols], out [rows]. */
    @Override
    public void rowDots(int rows, int cols, Memory a, Memory b, Sink out) {
        MemorySegment as = floats(a, (long) rows * cols);
        MemorySegment bs = floats(b, (long) rows * cols);
        MemorySegment os = floats(out, rows);
        for (int t = 0; t < rows; t++) {
            double dot = 0;
            for (long i = (long) t * cols; i < (long) (t + 1) * cols; i++) {
                dot += (double) get(as, i) * get(bs, i);
            }
            put(os, t, dot, out);
        }
    }

    /** {@code y_ti += bias_i} with y [rows, cols], bias [cols]. */
    @Override
    public void addBias(int rows, int cols, Memory bias, Memory y) {
        MemorySegment bs = floats(bias, cols);
        MemorySegment ys = floats(y, (long) rows * cols);
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < cols; i++) {
                put(ys, (long) t * cols + i, get(bs, i), true);
            }
        }
    }

    /** {@code out_i (+)= sum_t x_ti} with x [rows, cols], out [cols]: {@code dbias} where x is {@code dy}. */
    @Override
    public void columnSum(int rows, int cols, Memory x, Sink out) {
        MemorySegment xs = floats(x, (long) rows * cols);
        MemorySegment os = floats(out, cols);
        for (int i = 0; i < cols; i++) {
            double sum = 0;
            for (int t = 0; t < rows; t++) {
                sum += get(xs, (long) t * cols + i);
            }
            put(os, i, sum, out);
        }
    }

    /**
     * {@code table_t = [cos(angle_0) .. cos(angle_h-1), sin(angle_0) .. sin(angle_h-1)]}, {@code angle_i = positions_t frequencies_i}; [rows, 2
     * h].
     */
    @Override
    public void ropeTable(int rows, double[] frequencies, Memory positions, Memory table) {
        int half = frequencies.length;
        MemorySegment ps = ints(positions, rows);
        MemorySegment ts = floats(table, (long) rows * 2 * half);
        for (int t = 0; t < rows; t++) {
            for (int i = 0; i < half; i++) {
                double angle = getInt(ps, t) * frequencies[i];
                long row = (long) t * 2 * half;
                set(ts, row + i, (float) Math.cos(angle));
                set(ts, row + half + i, (float) Math.sin(angle));
            }
        }
    }

    /**
     * Each pair {@code (a, b)} of a head of x [rows, heads * headDim] is turned by angle i: {@code y_a = x_a cos_i - x_b sin_i}, {@code y_b = x_b
     * cos_i + x_a sin_i}. Backwards, {@code dx} is {@code dy} turned the other way.
     */
    @Override
    public void rope(
            int rows, int heads, int headDim, Memory table, boolean interleaved, boolean inverse, Memory x, Sink y) {
        MemorySegment ts = floats(table, (long) rows * headDim);
        MemorySegment xs = floats(x, (long) rows * heads * headDim);
        MemorySegment ys = floats(y, (long) rows * heads * headDim);
        int half = headDim / 2;
        for (int t = 0; t < rows; t++) {
            for (int h = 0; h < heads; h++) {
                long head = ((long) t * heads + h) * headDim;
                for (int i = 0; i < half; i++) {
                    double cos = get(ts, (long) t * headDim + i);
                    double sin = get(ts, (long) t * headDim + half + i) * (inverse ? -1 : 1);
                    long a = head + (interleaved ? 2 * i : i);
                    long b = head + (interleaved ? 2 * i + 1 : half + i);
                    double first = get(xs, a);
                    double second = get(xs, b);
                    put(ys, a, first * cos - second * sin, y);
                    put(ys, b, second * cos + first * sin, y);
                }
            }
        }
    }

    /** {@code out_0 (+)= scale sum_i x_i}; backwards {@code dx_i = scale dout_0}. */
    @Override
    public void sum(Memory x, float scale, Sink out) {
        MemorySegment xs = floats(x, x.length());
        double sum = 0;
        for (long i = 0; i < x.length(); i++) {
            sum += get(xs, i);
        }
        put(floats(out, 1), 0, scale * sum, out);
    }

    /** {@code out_i (+)= value}, with out the bytes of a sink; nothing if it is absent. */
    static void put(MemorySegment out, long i, double value, Sink sink) {
        if (!sink.isAbsent()) {
            put(out, i, value, sink.adds());
        }
    }

    /** {@code out_i (+)= value}. */
    static void put(MemorySegment out, long i, double value, boolean accumulate) {
        set(out, i, (float) (accumulate ? get(out, i) + value : value));
    }
}
