package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.moelora.kernels.DType;
import org.moelora.kernels.cpu.HostFrozen;
import org.moelora.kernels.cpu.HostMemory;
import org.moelora.kernels.cpu.Workers;

/**
 * {@code y (+)= x W^T} for one row x, as fast as memory delivers W: a decoding step does little else. W is read in place, and in registers
 * made float32.
 *
 * <p>A vector of 32-bit lanes holds two bfloat16 each, w_2i below w_2i+1. A shift makes the even ones float32 and a mask the odd ones, so
 * x is split in the same way before: {@code <w, x> = sum_i w_2i x_2i + sum_i w_2i+1 x_2i+1}.
 */
final class OneRow implements Workers.Task {
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());
    private static final int ODD = 0xFFFF0000;

    /** Elements of W below which waking another thread takes longer than the product. */
    private static final long ALONE = 1 << 16;

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
     * @param s its stage keeps x until {@link #run(Workers)} has returned
     */
    OneRow(MemorySegment xs, HostFrozen w, MemorySegment y, boolean accumulate, Scratch s) {
        this.w = w;
        this.ws = w.segment();
        this.bfloat16 = w.dtype() == DType.BF16;
        this.x = s.stage;
        this.in = w.cols();
        this.out = w.rows();
        this.y = y;
        this.accumulate = accumulate;
        stage(xs, in, bfloat16, x, 0);
    }

    /** Writes a row of n elements from x[at] on; for a weight in bfloat16 those of even place before those of odd place. */
    static void stage(MemorySegment row, int n, boolean bfloat16, float[] x, int at) {
        if (!bfloat16) {
            MemorySegment.copy(row, ValueLayout.JAVA_FLOAT, 0, x, at, n);
            return;
        }
        int half = n / 2;
        for (int i = 0; i < half; i++) {
            x[at + i] = HostMemory.get(row, 2L * i);
            x[at + half + i] = HostMemory.get(row, 2L * i + 1);
        }
        if (n % 2 == 1) {
            x[at + n - 1] = HostMemory.get(row, n - 1L);
        }
    }

    /** Whether this is the loop for such a weight. */
    static boolean serves(HostFrozen w) {
        return (w.dtype() == DType.BF16 || w.dtype() == DType.F32) && w.cols() <= Scratch.INPUT;
    }

    void run(Workers workers) {
        tasks = tasks(workers, in, out);
        workers.run(tasks, this);
    }

    /** Into how many parts the rows of a weight are cut. */
    static int tasks(Workers workers, int in, int out) {
        return workers.threads() > 1 && (long) in * out >= ALONE ? Math.min(4 * workers.threads(), out) : 1;
    }

    @Override
    public void run(int task) {
        int from = (int) ((long) out * task / tasks);
        int to = (int) ((long) out * (task + 1) / tasks);
        int rest = bfloat16 ? 2 * Lanes.floor(in / 2) : in - in % (2 * COUNT);
        float[] lanes = new float[COUNT];
        for (int o = from; o < to; o++) {
            if (bfloat16) {
                bfloat16(o, lanes);
            } else {
                wide(o, lanes);
            }
            float sum = sum(lanes) + rest(o, rest);
            HostMemory.set(y, o, accumulate ? HostMemory.get(y, o) + sum : sum);
        }
    }

    /** Where element i of a row of n stands once it is split. */
    static int split(int i, int n) {
        return i == n - 1 && n % 2 == 1 ? i : i / 2 + i % 2 * (n / 2);
    }

    /** One row at a time, front to back: processors fetch ahead of one stream better than of four. */
    private void wide(long o, float[] lanes) {
        long at = o * in * Float.BYTES;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        int whole = in - in % (2 * COUNT);
        for (int i = 0; i < whole; i += 2 * COUNT) {
            long from = at + (long) i * Float.BYTES;
            FloatVector w0 = FloatVector.fromMemorySegment(FLOATS, ws, from, ByteOrder.LITTLE_ENDIAN);
            FloatVector w1 = FloatVector.fromMemorySegment(
                    FLOATS, ws, from + (long) COUNT * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
            s0 = w0.fma(FloatVector.fromArray(FLOATS, x, i), s0);
            s1 = w1.fma(FloatVector.fromArray(FLOATS, x, i + COUNT), s1);
        }
        s0.add(s1).intoArray(lanes, 0);
    }

    private void bfloat16(long o, float[] lanes) {
        long at = o * in * Short.BYTES;
        int half = in / 2;
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        int whole = Lanes.floor(half);
        for (int i = 0; i < whole; i += COUNT) {
            IntVector pairs =
                    IntVector.fromMemorySegment(INTS, ws, at + (long) i * Integer.BYTES, ByteOrder.LITTLE_ENDIAN);
            s0 = even(pairs).fma(FloatVector.fromArray(FLOATS, x, i), s0);
            s1 = odd(pairs).fma(FloatVector.fromArray(FLOATS, x, half + i), s1);
        }
        s0.add(s1).intoArray(lanes, 0);
    }

    static FloatVector even(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    static FloatVector odd(IntVector pairs) {
        return pairs.and(ODD).reinterpretAsFloats();
    }

    /** As a tree, like {@link Lanes#sum}, which C2 would not inline where the vector comes from. */
    private static float sum(float[] lanes) {
        for (int half = COUNT / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }

    /** What the vectors left over, from element {@code done} on. */
    private float rest(long o, int done) {
        float sum = 0;
        for (int i = done; i < in; i++) {
            sum += HostFrozen.get(ws, w.dtype(), o * in + i) * x[bfloat16 ? split(i, in) : i];
        }
        return sum;
    }
}
