package org.moelora.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.moelora.kernels.DType;
import org.moelora.kernels.cpu.Blocks;

/** Whole blocks as float32, one loop for each format, which C2 turns into vectors by itself. Values are those of {@link Blocks}, bit for bit. */
final class Dequantize {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** What may be added to any number, -0 too, and leaves it as it is. */
    private static final float NOTHING = -0f;

    private Dequantize() {}

    /** Blocks {@code first .. first + count} to {@code out[at ..]}. */
    static void blocks(MemorySegment s, DType dtype, long first, int count, float[] out, int at) {
        for (int b = 0; b < count; b++) {
            long from = (first + b) * dtype.blockBytes();
            int to = at + b * dtype.blockElements();
            switch (dtype) {
                case Q8_0 -> eight(s, from, out, to);
                case Q4_0 -> four(s, from + 2, Blocks.half(s, from), 8, NOTHING, out, to);
                case Q4_1 -> four(s, from + 4, Blocks.half(s, from), 0, Blocks.half(s, from + 2), out, to);
                case Q5_0 -> five(s, from + 6, from + 2, Blocks.half(s, from), 16, NOTHING, out, to);
                case Q5_1 -> five(s, from + 8, from + 4, Blocks.half(s, from), 0, Blocks.half(s, from + 2), out, to);
                case Q4_K -> runs(s, from, from + 16, 0, out, to);
                case Q5_K -> runs(s, from, from + 48, from + 16, out, to);
                case Q6_K -> six(s, from, out, to);
                default -> throw new IllegalArgumentException(dtype + " is not a block format");
            }
        }
    }

    private static void eight(MemorySegment s, long from, float[] out, int to) {
        float d = Blocks.half(s, from);
        for (int i = 0; i < 32; i++) {
            out[to + i] = d * s.get(BYTE, from + 2 + i);
        }
    }

    private static void four(MemorySegment s, long q, float d, int less, float plus, float[] out, int to) {
        for (int i = 0; i < 16; i++) {
            int both = s.get(BYTE, q + i);
            out[to + i] = d * ((both & 0xF) - less) + plus;
            out[to + 16 + i] = d * ((both >> 4 & 0xF) - less) + plus;
        }
    }

    private static void five(MemorySegment s, long q, long bits, float d, int less, float plus, float[] out, int to) {
        int fifth = s.get(INT, bits);
        for (int i = 0; i < 16; i++) {
            int both = s.get(BYTE, q + i);
            out[to + i] = d * (((both & 0xF) | ((fifth >>> i & 1) << 4)) - less) + plus;
            out[to + 16 + i] = d * (((both >> 4 & 0xF) | ((fifth >>> (i + 16) & 1) << 4)) - less) + plus;
        }
    }

    /** @param bits where the fifth bits are; 0 for none */
    private static void runs(MemorySegment s, long from, long q, long bits, float[] out, int to) {
        float d = Blocks.half(s, from);
        float m = Blocks.half(s, from + 2);
        for (int run = 0; run < 8; run++) {
            float scale = d * Blocks.scale(s, from + 4, run);
            float minimum = m * Blocks.minimum(s, from + 4, run);
            long at = q + run / 2 * 32L;
            int shift = run % 2 * 4;
            for (int i = 0; i < 32; i++) {
                int value = s.get(BYTE, at + i) >> shift & 0xF;
                if (bits > 0) {
                    value |= (s.get(BYTE, bits + i) >> run & 1) << 4;
                }
                out[to + run * 32 + i] = scale * value - minimum;
            }
        }
    }

    private static void six(MemorySegment s, long from, float[] out, int to) {
        float d = Blocks.half(s, from + 208);
        for (int half = 0; half < 2; half++) {
            long high = from + 128 + half * 32L;
            for (int run = 0; run < 4; run++) {
                long low = from + half * 64L + run % 2 * 32L;
                int shift = run / 2 * 4;
                for (int i = 0; i < 32; i++) {
                    int e = half * 128 + run * 32 + i;
                    int q = (s.get(BYTE, low + i) >> shift & 0xF) | ((s.get(BYTE, high + i) >> (2 * run) & 3) << 4);
                    out[to + e] = d * s.get(BYTE, from + 192 + e / 16) * (q - 32);
                }
            }
        }
    }
}
