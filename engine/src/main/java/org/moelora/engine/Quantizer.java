package org.moelora.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.moelora.kernels.DType;

/**
 * Makes blocks of a float weight, as GGML does, so that the bytes are the same. Of each 32 elements x of a row, with {@code half(d)} the nearest binary16:
 *
 * <ul>
 *   <li>Q8_0: {@code d = max|x| / 127}, {@code q_i = round(x_i / d)}, halves away from zero; what is kept of d is {@code half(d)}.
 *   <li>Q4_0: {@code d = m / -8} with m the element of the largest magnitude, the first of equals, {@code q_i = min(15, floor(x_i / d + 8.5))}.
 * </ul>
 *
 * An element is off by at most {@code d / 2}, or d on the other side of m with Q4_0, beside what rounding d adds. Stateless.
 */
public final class Quantizer {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int BLOCK = 32;

    private Quantizer() {}

    /**
     * Writes n elements as blocks.
     *
     * @param source n elements of format {@code from}: F32, BF16 or F16
     * @param n a multiple of 32
     * @param to {@link DType#Q8_0} or {@link DType#Q4_0}
     * @param target {@code to.bytes(n)} bytes
     * @throws ArithmeticException if an element is NaN or infinite, or a block's scale is beyond binary16
     */
    public static void quantize(MemorySegment source, DType from, long n, DType to, MemorySegment target) {
        float[] x = new float[BLOCK];
        for (long block = 0; block < n / BLOCK; block++) {
            for (int i = 0; i < BLOCK; i++) {
                x[i] = element(source, from, block * BLOCK + i);
            }
            long at = block * to.blockBytes();
            switch (to) {
                case Q8_0 -> eight(x, target, at);
                case Q4_0 -> four(x, target, at);
                default -> throw new IllegalArgumentException("nothing makes blocks of " + to);
            }
        }
    }

    private static float element(MemorySegment source, DType from, long i) {
        float x = switch (from) {
            case F32 -> source.get(FLOAT, i * Float.BYTES);
            case BF16 -> Float.intBitsToFloat(source.get(SHORT, i * Short.BYTES) << 16);
            case F16 -> Float.float16ToFloat(source.get(SHORT, i * Short.BYTES));
            default -> throw new IllegalArgumentException(from + " is no format of floats");
        };
        if (!Float.isFinite(x)) {
            throw new ArithmeticException("element " + i + " is " + x);
        }
        return x;
    }

    private static void scale(float d, MemorySegment target, long at) {
        short half = Float.floatToFloat16(d);
        if (Float.isInfinite(Float.float16ToFloat(half))) {
            throw new ArithmeticException("a block has the scale " + d + ", which float16 does not hold");
        }
        target.set(SHORT, at, half);
    }

    private static void eight(float[] x, MemorySegment target, long at) {
        float most = 0;
        for (float v : x) {
            most = Math.max(most, Math.abs(v));
        }
        float d = most / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        scale(d, target, at);
        for (int i = 0; i < BLOCK; i++) {
            float q = x[i] * inverse;
            // Away from zero at halves, which Math.round does not do below zero.
            int rounded = (int) (q < 0 ? -Math.floor(-q + 0.5) : Math.floor(q + 0.5));
            target.set(ValueLayout.JAVA_BYTE, at + 2 + i, (byte) rounded);
        }
    }

    private static void four(float[] x, MemorySegment target, long at) {
        float most = 0;
        float signed = 0;
        for (float v : x) {
            if (Math.abs(v) > most) {
                most = Math.abs(v);
                signed = v;
            }
        }
        float d = signed / -8;
        float inverse = d == 0 ? 0 : 1 / d;
        scale(d, target, at);
        for (int i = 0; i < BLOCK / 2; i++) {
            int low = Math.min(15, (int) (x[i] * inverse + 8.5f));
            int high = Math.min(15, (int) (x[i + BLOCK / 2] * inverse + 8.5f));
            target.set(ValueLayout.JAVA_BYTE, at + 2 + i, (byte) (low | high << 4));
        }
    }
}
