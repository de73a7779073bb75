package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.moelora.kernels.DType;
import org.moelora.kernels.cpu.HostFrozen;
import org.moelora.kernels.cpu.HostMemory;
import org.moelora.kernels.cpu.Workers;

/**
 * {@link OneRow} for a few rows x at once: W is read from memory once, and every row's sums are made of the same products in the same order as if it were alone.
 * While a row of W is in the first-level cache, the rows of x pass it four at a time.
 */
final class ByRow implements Workers.Task {
    /** Rows of x that share the loads of W. */
    private static final int TOGETHER = 4;

    /** From so many elements on, four rows of x are too long for the first-level cache beside W. */
    private static final int LONG = 1024;

    private final int rows;
    private final HostFrozen w;
    private final MemorySegment ws;
    private final boolean bfloat16;
    private final float[] x;
    private final int in;
    private final int out;
    private final MemorySegment y;
    private final boolean accumulate;
    private int tasks = 1;

    /**
     * @param s its stage keeps the rows, each as {@link OneRow#stage} writes it, until {@link #run(Workers)} has returned
     */
    ByRow(int rows, MemorySegment xs, HostFrozen w, MemorySegment y, boolean accumulate, Scratch s) {
        this.rows = rows;
        this.w = w;
        this.ws = w.segment();
        this.bfloat16 = w.dtype() == DType.BF16;
        this.x = s.stage;
        this.in = w.cols();
        this.out = w.rows();
        this.y = y;
        this.accumulate = accumulate;
        for (int t = 0; t < rows; t++) {
            MemorySegment row = xs.asSlice((long) t * in * Float.BYTES, (long) in * Float.BYTES);
            OneRow.stage(row, in, bfloat16, x, t * in);
        }
    }

    void run(Workers workers) {
        tasks = OneRow.tasks(workers, in, out);
        workers.run(tasks, this);
    }

    @Override
    public void run(int task) {
        int from = (int) ((long) out * task / tasks);
        int to = (int) ((long) out * (task + 1) / tasks);
        float[] sums = new float[TOGETHER];
        float[] lanes = new float[2 * TOGETHER * COUNT];
        int o = from;
        if (bfloat16 && in >= LONG && rows >= TOGETHER) {
            for (; o + 1 < to; o += 2) {
                two(o, lanes);
            }
        }
        for (; o < to; o++) {
            for (int t = 0; t < rows; t += TOGETHER) {
                int n = Math.min(TOGETHER, rows - t);
                // Rows that are not there are the last one once more, so that there is one loop.
                int second = Math.min(t + 1, rows - 1) * in;
                int third = Math.min(t + 2, rows - 1) * in;
                int fourth = Math.min(t + 3, rows - 1) * in;
                if (bfloat16 && n > 2) {
                    narrow(o, t * in, second, third, fourth, sums);
                } else if (bfloat16) {
                    narrow(o, t * in, second, sums);
                } else if (n > 2) {
                    wide(o, t * in, second, third, fourth, sums);
                } else {
                    wide(o, t * in, second, sums);
                }
                for (int i = 0; i < n; i++) {
                    float sum = sums[i] + rest(o, (t + i) * in);
                    long at = (long) (t + i) * out + o;
                    HostMemory.set(y, at, accumulate ? HostMemory.get(y, at) + sum : sum);
                }
            }
        }
    }

    /** Two rows of W at once: those of x are so long that they are read from beyond the first-level cache, and then half as often. */
    private void two(int o, float[] lanes) {
        for (int t = 0; t < rows; t += TOGETHER) {
            int n = Math.min(TOGETHER, rows - t);
            int second = Math.min(t + 1, rows - 1) * in;
            int third = Math.min(t + 2, rows - 1) * in;
            int fourth = Math.min(t + 3, rows - 1) * in;
            narrowTwo(o, t * in, second, third, fourth, lanes);
            for (int i = 0; i < n; i++) {
                for (int each = 0; each < 2; each++) {
                    float sum = sum(lanes, (each * TOGETHER + i) * COUNT) + rest(o + each, (t + i) * in);
                    long at = (long) (t + i) * out + o + each;
                    HostMemory.set(y, at, accumulate ? HostMemory.get(y, at) + sum : sum);
                }
            }
        }
    }

    private void narrowTwo(long o, int first, int second, int third, int fourth, float[] lanes) {
        long a = o * in * Short.BYTES;
        long b = a + (long) in * Short.BYTES;
        FloatVector evenA0 = FloatVector.zero(FLOATS);
        FloatVector oddA0 = FloatVector.zero(FLOATS);
        FloatVector evenA1 = FloatVector.zero(FLOATS);
        FloatVector oddA1 = FloatVector.zero(FLOATS);
        FloatVector evenA2 = FloatVector.zero(FLOATS);
        FloatVector oddA2 = FloatVector.zero(FLOATS);
        FloatVector evenA3 = FloatVector.zero(FLOATS);
        FloatVector oddA3 = FloatVector.zero(FLOATS);
        FloatVector evenB0 = FloatVector.zero(FLOATS);
        FloatVector oddB0 = FloatVector.zero(FLOATS);
        FloatVector evenB1 = FloatVector.zero(FLOATS);
        FloatVector oddB1 = FloatVector.zero(FLOATS);
        FloatVector evenB2 = FloatVector.zero(FLOATS);
        FloatVector oddB2 = FloatVector.zero(FLOATS);
        FloatVector evenB3 = FloatVector.zero(FLOATS);
        FloatVector oddB3 = FloatVector.zero(FLOATS);
        int half = in / 2;
        int whole = Lanes.floor(in / 2);
        for (int i = 0; i < whole; i += COUNT) {
            long at = (long) i * Float.BYTES;
            IntVector pairsA = pairs(a + at);
            FloatVector evenA = OneRow.even(pairsA);
            FloatVector oddA = OneRow.odd(pairsA);
            IntVector pairsB = pairs(b + at);
            FloatVector evenB = OneRow.even(pairsB);
            FloatVector oddB = OneRow.odd(pairsB);
            FloatVector x0 = FloatVector.fromArray(FLOATS, x, first + i);
            evenA0 = evenA.fma(x0, evenA0);
            evenB0 = evenB.fma(x0, evenB0);
            x0 = FloatVector.fromArray(FLOATS, x, first + half + i);
            oddA0 = oddA.fma(x0, oddA0);
            oddB0 = oddB.fma(x0, oddB0);
            FloatVector x1 = FloatVector.fromArray(FLOATS, x, second + i);
            evenA1 = evenA.fma(x1, evenA1);
            evenB1 = evenB.fma(x1, evenB1);
            x1 = FloatVector.fromArray(FLOATS, x, second + half + i);
            oddA1 = oddA.fma(x1, oddA1);
            oddB1 = oddB.fma(x1, oddB1);
            FloatVector x2 = FloatVector.fromArray(FLOATS, x, third + i);
            evenA2 = evenA.fma(x2, evenA2);
            evenB2 = evenB.fma(x2, evenB2);
            x2 = FloatVector.fromArray(FLOATS, x, third + half + i);
            oddA2 = oddA.fma(x2, oddA2);
            oddB2 = oddB.fma(x2, oddB2);
            FloatVector x3 = FloatVector.fromArray(FLOATS, x, fourth + i);
            evenA3 = evenA.fma(x3, evenA3);
            evenB3 = evenB.fma(x3, evenB3);
            x3 = FloatVector.fromArray(FLOATS, x, fourth + half + i);
            oddA3 = oddA.fma(x3, oddA3);
            oddB3 = oddB.fma(x3, oddB3);
        }
        evenA0.add(oddA0).intoArray(lanes, 0);
        evenA1.add(oddA1).intoArray(lanes, 1 * COUNT);
        evenA2.add(oddA2).intoArray(lanes, 2 * COUNT);
        evenA3.add(oddA3).intoArray(lanes, 3 * COUNT);
        evenB0.add(oddB0).intoArray(lanes, TOGETHER * COUNT);
        evenB1.add(oddB1).intoArray(lanes, (TOGETHER + 1) * COUNT);
        evenB2.add(oddB2).intoArray(lanes, (TOGETHER + 2) * COUNT);
        evenB3.add(oddB3).intoArray(lanes, (TOGETHER + 3) * COUNT);
    }

    /** The sum of a vector's lanes in the order of {@link Lanes#sum}: beside so many vectors C2 keeps no shuffles in registers, and numbers are quicker. */
    private static float sum(float[] lanes, int at) {
        return COUNT == 16
                ? (pair(lanes, at, 8) + pair(lanes, at + 4, 8) + (pair(lanes, at + 2, 8) + pair(lanes, at + 6, 8)))
                        + (pair(lanes, at + 1, 8)
                                + pair(lanes, at + 5, 8)
                                + (pair(lanes, at + 3, 8) + pair(lanes, at + 7, 8)))
                : COUNT == 8
                        ? (pair(lanes, at, 4) + pair(lanes, at + 2, 4))
                                + (pair(lanes, at + 1, 4) + pair(lanes, at + 3, 4))
                        : pair(lanes, at, 2) + pair(lanes, at + 1, 2);
    }

    private static float pair(float[] lanes, int at, int apart) {
        return lanes[at] + lanes[at + apart];
    }

    private void narrow(long o, int first, int second, int third, int fourth, float[] sums) {
        long at = o * in * Short.BYTES;
        int half = in / 2;
        FloatVector even0 = FloatVector.zero(FLOATS);
        FloatVector even1 = FloatVector.zero(FLOATS);
        FloatVector even2 = FloatVector.zero(FLOATS);
        FloatVector even3 = FloatVector.zero(FLOATS);
        FloatVector odd0 = FloatVector.zero(FLOATS);
        FloatVector odd1 = FloatVector.zero(FLOATS);
        FloatVector odd2 = FloatVector.zero(FLOATS);
        FloatVector odd3 = FloatVector.zero(FLOATS);
        int whole = Lanes.floor(half);
        for (int i = 0; i < whole; i += COUNT) {
            IntVector pairs = pairs(at + (long) i * Integer.BYTES);
            FloatVector even = OneRow.even(pairs);
            FloatVector odd = OneRow.odd(pairs);
            even0 = even.fma(FloatVector.fromArray(FLOATS, x, first + i), even0);
            odd0 = odd.fma(FloatVector.fromArray(FLOATS, x, first + half + i), odd0);
            even1 = even.fma(FloatVector.fromArray(FLOATS, x, second + i), even1);
            odd1 = odd.fma(FloatVector.fromArray(FLOATS, x, second + half + i), odd1);
            even2 = even.fma(FloatVector.fromArray(FLOATS, x, third + i), even2);
            odd2 = odd.fma(FloatVector.fromArray(FLOATS, x, third + half + i), odd2);
            even3 = even.fma(FloatVector.fromArray(FLOATS, x, fourth + i), even3);
            odd3 = odd.fma(FloatVector.fromArray(FLOATS, x, fourth + half + i), odd3);
        }
        sums[0] = Lanes.sum(even0.add(odd0));
        sums[1] = Lanes.sum(even1.add(odd1));
        sums[2] = Lanes.sum(even2.add(odd2));
        sums[3] = Lanes.sum(even3.add(odd3));
    }

    private void narrow(long o, int first, int second, float[] sums) {
        long at = o * in * Short.BYTES;
        int half = in / 2;
        FloatVector even0 = FloatVector.zero(FLOATS);
        FloatVector even1 = FloatVector.zero(FLOATS);
        FloatVector odd0 = FloatVector.zero(FLOATS);
        FloatVector odd1 = FloatVector.zero(FLOATS);
        int whole = Lanes.floor(half);
        for (int i = 0; i < whole; i += COUNT) {
            IntVector pairs = pairs(at + (long) i * Integer.BYTES);
            FloatVector even = OneRow.even(pairs);
            FloatVector odd = OneRow.odd(pairs);
            even0 = even.fma(FloatVector.fromArray(FLOATS, x, first + i), even0);
            odd0 = odd.fma(FloatVector.fromArray(FLOATS, x, first + half + i), odd0);
            even1 = even.fma(FloatVector.fromArray(FLOATS, x, second + i), even1);
            odd1 = odd.fma(FloatVector.fromArray(FLOATS, x, second + half + i), odd1);
        }
        sums[0] = Lanes.sum(even0.add(odd0));
        sums[1] = Lanes.sum(even1.add(odd1));
    }

    private void wide(long o, int first, int second, int third, int fourth, float[] sums) {
        long at = o * in * Float.BYTES;
        FloatVector left0 = FloatVector.zero(FLOATS);
        FloatVector left1 = FloatVector.zero(FLOATS);
        FloatVector left2 = FloatVector.zero(FLOATS);
        FloatVector left3 = FloatVector.zero(FLOATS);
        FloatVector right0 = FloatVector.zero(FLOATS);
        FloatVector right1 = FloatVector.zero(FLOATS);
        FloatVector right2 = FloatVector.zero(FLOATS);
        FloatVector right3 = FloatVector.zero(FLOATS);
        int whole = in - in % (2 * COUNT);
        for (int i = 0; i < whole; i += 2 * COUNT) {
            FloatVector left = weights(at + (long) i * Float.BYTES);
            FloatVector right = weights(at + (long) (i + COUNT) * Float.BYTES);
            left0 = left.fma(FloatVector.fromArray(FLOATS, x, first + i), left0);
            right0 = right.fma(FloatVector.fromArray(FLOATS, x, first + i + COUNT), right0);
            left1 = left.fma(FloatVector.fromArray(FLOATS, x, second + i), left1);
            right1 = right.fma(FloatVector.fromArray(FLOATS, x, second + i + COUNT), right1);
            left2 = left.fma(FloatVector.fromArray(FLOATS, x, third + i), left2);
            right2 = right.fma(FloatVector.fromArray(FLOATS, x, third + i + COUNT), right2);
            left3 = left.fma(FloatVector.fromArray(FLOATS, x, fourth + i), left3);
            right3 = right.fma(FloatVector.fromArray(FLOATS, x, fourth + i + COUNT), right3);
        }
        sums[0] = Lanes.sum(left0.add(right0));
        sums[1] = Lanes.sum(left1.add(right1));
        sums[2] = Lanes.sum(left2.add(right2));
        sums[3] = Lanes.sum(left3.add(right3));
    }

    private void wide(long o, int first, int second, float[] sums) {
        long at = o * in * Float.BYTES;
        FloatVector left0 = FloatVector.zero(FLOATS);
        FloatVector left1 = FloatVector.zero(FLOATS);
        FloatVector right0 = FloatVector.zero(FLOATS);
        FloatVector right1 = FloatVector.zero(FLOATS);
        int whole = in - in % (2 * COUNT);
        for (int i = 0; i < whole; i += 2 * COUNT) {
            FloatVector left = weights(at + (long) i * Float.BYTES);
            FloatVector right = weights(at + (long) (i + COUNT) * Float.BYTES);
            left0 = left.fma(FloatVector.fromArray(FLOATS, x, first + i), left0);
            right0 = right.fma(FloatVector.fromArray(FLOATS, x, first + i + COUNT), right0);
            left1 = left.fma(FloatVector.fromArray(FLOATS, x, second + i), left1);
            right1 = right.fma(FloatVector.fromArray(FLOATS, x, second + i + COUNT), right1);
        }
        sums[0] = Lanes.sum(left0.add(right0));
        sums[1] = Lanes.sum(left1.add(right1));
    }

    private IntVector pairs(long at) {
        return IntVector.fromMemorySegment(OneRow.INTS, ws, at, ByteOrder.LITTLE_ENDIAN);
    }

    private FloatVector weights(long at) {
        return FloatVector.fromMemorySegment(FLOATS, ws, at, ByteOrder.LITTLE_ENDIAN);
    }

    /** What the vectors left over of the row of x that begins at {@code row}. */
    private float rest(long o, int row) {
        int done = bfloat16 ? 2 * Lanes.floor(in / 2) : in - in % (2 * COUNT);
        float sum = 0;
        for (int i = done; i < in; i++) {
            sum += HostFrozen.get(ws, w.dtype(), o * in + i) * x[row + (bfloat16 ? OneRow.split(i, in) : i)];
        }
        return sum;
    }
}
