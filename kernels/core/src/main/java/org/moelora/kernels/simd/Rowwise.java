package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Steps on one run of numbers, between the heap and device memory. */
final class Rowwise {
    private Rowwise() {}

    /** {@code to[at ..] (+)= from[fromAt .. fromAt + n]}. */
    static void store(float[] from, int fromAt, int n, MemorySegment to, long at, boolean accumulate) {
        int i = 0;
        for (; i + COUNT <= n; i += COUNT) {
            FloatVector v = FloatVector.fromArray(FLOATS, from, fromAt + i);
            if (accumulate) {
                v = v.add(FloatVector.fromMemorySegment(FLOATS, to, (at + i) * Float.BYTES, ORDER));
            }
            v.intoMemorySegment(to, (at + i) * Float.BYTES, ORDER);
        }
        if (i < n) {
            VectorMask<Float> rest = FLOATS.indexInRange(i, n);
            FloatVector v = FloatVector.fromArray(FLOATS, from, fromAt + i, rest);
            if (accumulate) {
                v = v.add(FloatVector.fromMemorySegment(FLOATS, to, (at + i) * Float.BYTES, ORDER, rest));
            }
            v.intoMemorySegment(to, (at + i) * Float.BYTES, ORDER, rest);
        }
    }

    /** {@code <a, b>} over n elements. */
    static float dot(int n, float[] a, int aAt, MemorySegment b, long bAt) {
        int whole = Lanes.floor(n);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = 0; i < whole; i += COUNT) {
            sums = FloatVector.fromArray(FLOATS, a, aAt + i)
                    .fma(FloatVector.fromMemorySegment(FLOATS, b, (bAt + i) * Float.BYTES, ORDER), sums);
        }
        float sum = Lanes.sum(sums);
        for (int i = whole; i < n; i++) {
            sum += a[aAt + i] * get(b, bAt + i);
        }
        return sum;
    }

    /** {@code to += from}. */
    static void add(float[] from, int fromAt, int n, float[] to, int toAt) {
        int whole = Lanes.floor(n);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromArray(FLOATS, to, toAt + i)
                    .add(FloatVector.fromArray(FLOATS, from, fromAt + i))
                    .intoArray(to, toAt + i);
        }
        for (int i = whole; i < n; i++) {
            to[toAt + i] += from[fromAt + i];
        }
    }
}
