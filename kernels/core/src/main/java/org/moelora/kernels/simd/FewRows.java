package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.moelora.kernels.cpu.HostMemory;
import org.moelora.kernels.cpu.Workers;

/**
 * {@code y (+)= x W^T} for the few rows of x that decoding has. The weight is read once and nothing is transposed: bound by memory, a dot
 * product with its horizontal sum costs nothing.
 */
final class FewRows implements Workers.Task {
    /** From here on packing the weight pays. */
    static final int MAX = 8;

    /** Elements of the weight below which waking another thread takes longer than the product. */
    private static final long ALONE = 1 << 17;

    /** Rows of the weight that share the loads of x. */
    private static final int TOGETHER = 4;

    private final int rows;
    private final float[] x;
    private final Source w;
    private final int in;
    private final int out;
    private final MemorySegment y;
    private final boolean accumulate;
    private final Pool<Scratch> pool;
    private int tasks = 1;

    FewRows(int rows, float[] x, Source w, int in, int out, MemorySegment y, boolean accumulate, Pool<Scratch> pool) {
        this.rows = rows;
        this.x = x;
        this.w = w;
        this.in = in;
        this.out = out;
        this.y = y;
        this.accumulate = accumulate;
        this.pool = pool;
    }

    void run(Workers workers) {
        if (workers.threads() > 1 && (long) in * out >= ALONE) {
            tasks = Math.min(4 * workers.threads(), Math.max(1, out / TOGETHER));
        }
        workers.run(tasks, this);
    }

    @Override
    public void run(int task) {
        int groups = (out + TOGETHER - 1) / TOGETHER;
        int from = (int) ((long) groups * task / tasks) * TOGETHER;
        int to = Math.min(out, (int) ((long) groups * (task + 1) / tasks) * TOGETHER);
        Scratch s = pool.take();
        try {
            float[] weights = s.panel;
            int part = weights.length / TOGETHER;
            for (int o = from; o < to; o += TOGETHER) {
                int width = Math.min(TOGETHER, to - o);
                for (int t = 0; t < rows; t++) {
                    for (int i = 0; i < width; i++) {
                        s.tile[t * TOGETHER + i] = 0;
                    }
                }
                for (int at = 0; at < in; at += part) {
                    int length = Math.min(part, in - at);
                    for (int i = 0; i < width; i++) {
                        w.read((long) (o + i) * in + at, length, weights, i * length, s.narrow);
                    }
                    for (int t = 0; t < rows; t++) {
                        dots(length, weights, x, t * in + at, s.tile, t * TOGETHER);
                    }
                }
                for (int t = 0; t < rows; t++) {
                    for (int i = 0; i < width; i++) {
                        long to1 = (long) t * out + o + i;
                        float sum = s.tile[t * TOGETHER + i];
                        HostMemory.set(y, to1, accumulate ? HostMemory.get(y, to1) + sum : sum);
                    }
                }
            }
        } finally {
            pool.free(s);
        }
    }

    /** {@code sums[to + i] += <w_i, x>} for the four rows w_i of length n. */
    private static void dots(int n, float[] w, float[] x, int xAt, float[] sums, int to) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int whole = Lanes.floor(n);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, xAt + i);
            s0 = FloatVector.fromArray(FLOATS, w, i).fma(v, s0);
            s1 = FloatVector.fromArray(FLOATS, w, n + i).fma(v, s1);
            s2 = FloatVector.fromArray(FLOATS, w, 2 * n + i).fma(v, s2);
            s3 = FloatVector.fromArray(FLOATS, w, 3 * n + i).fma(v, s3);
        }
        float r0 = Lanes.sum(s0);
        float r1 = Lanes.sum(s1);
        float r2 = Lanes.sum(s2);
        float r3 = Lanes.sum(s3);
        for (int i = whole; i < n; i++) {
            float v = x[xAt + i];
            r0 += w[i] * v;
            r1 += w[n + i] * v;
            r2 += w[2 * n + i] * v;
            r3 += w[3 * n + i] * v;
        }
        sums[to] += r0;
        sums[to + 1] += r1;
        sums[to + 2] += r2;
        sums[to + 3] += r3;
    }
}
