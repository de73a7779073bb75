package org.moelora.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.moelora.kernels.DType;

/**
 * Elements of GGML's block formats, one by one, as {@link DType} describes them: the definition. Arithmetic is in float32, in the order of GGML's own
 * dequantisation, so values are equal bit for bit.
 */
public final class Blocks {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Blocks() {}

    /** Element i of a row-major matrix whose rows are whole blocks. */
    static float get(MemorySegment s, DType dtype, long i) {
        long at = i / dtype.blockElements() * dtype.blockBytes();
        int e = (int) (i % dtype.blockElements());
        return switch (dtype) {
            case Q8_0 -> half(s, at) * s.get(ValueLayout.JAVA_BYTE, at + 2 + e);
            case Q4_0 -> half(s, at) * (nibble(s, at + 2, e) - 8);
            case Q4_1 -> half(s, at) * nibble(s, at + 4, e) + half(s, at + 2);
            case Q5_0 -> half(s, at) * ((nibble(s, at + 6, e) | bit(s, at + 2, e) << 4) - 16);
            case Q5_1 -> half(s, at) * (nibble(s, at + 8, e) | bit(s, at + 4, e) << 4) + half(s, at + 2);
            case Q4_K -> scaled(s, at, e, nibbleOf64(s, at + 16, e));
            case Q5_K -> scaled(s, at, e, nibbleOf64(s, at + 48, e) | bitOf64(s, at + 16, e) << 4);
            case Q6_K -> sixBits(s, at, e);
            default -> throw new IllegalArgumentException(dtype + " is not a block format");
        };
    }

    /** A binary16 as float32. */
    public static float half(MemorySegment s, long at) {
        return Float.float16ToFloat(s.get(SHORT, at));
    }

    private static int unsigned(MemorySegment s, long at) {
        return s.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    }

    /** Of 32 in 16 bytes: the low halves first. */
    private static int nibble(MemorySegment s, long at, int e) {
        int both = unsigned(s, at + e % 16);
        return e < 16 ? both & 0xF : both >> 4;
    }

    private static int bit(MemorySegment s, long at, int e) {
        return unsigned(s, at + e / 8) >> e % 8 & 1;
    }

    /** Of 256 in 128 bytes: each run of 64 has 32 bytes, the low halves first. */
    private static int nibbleOf64(MemorySegment s, long at, int e) {
        int both = unsigned(s, at + e / 64 * 32L + e % 32);
        return e % 64 < 32 ? both & 0xF : both >> 4;
    }

    /** Of 256 in 32 bytes: bit n of byte i belongs to element {@code 32 n + i}. */
    private static int bitOf64(MemorySegment s, long at, int e) {
        return unsigned(s, at + e % 32) >> (e / 32) & 1;
    }

    /** {@code d scale q - m min} with the scale and the minimum of the element's run of 32. */
    private static float scaled(MemorySegment s, long at, int e, int q) {
        float d = half(s, at) * scale(s, at + 4, e / 32);
        float m = half(s, at + 2) * minimum(s, at + 4, e / 32);
        return d * q - m;
    }

    /**
     * Scale number j of eight of 6 bits, which share 12 bytes with eight minimums: the first four are the low bits of bytes 0 to 3, of the
     * others the low halves are those of bytes 8 to 11 and the upper two bits those of bytes 0 to 3.
     */
    public static int scale(MemorySegment s, long at, int j) {
        return j < 4 ? unsigned(s, at + j) & 63 : (unsigned(s, at + j + 4) & 0xF) | (unsigned(s, at + j - 4) >> 6 << 4);
    }

    /** Minimum number j: as {@link #scale}, from bytes 4 to 7 and the high halves of bytes 8 to 11. */
    public static int minimum(MemorySegment s, long at, int j) {
        return j < 4 ? unsigned(s, at + j + 4) & 63 : (unsigned(s, at + j + 4) >> 4) | (unsigned(s, at + j) >> 6 << 4);
    }

    /** Each half of 128: 64 bytes of low bits, as four runs of 32 that take two bytes' halves, and 32 bytes of upper bits, two for each run. */
    private static float sixBits(MemorySegment s, long at, int e) {
        int half = e / 128;
        int run = e % 128 / 32;
        int i = e % 32;
        int both = unsigned(s, at + half * 64L + run % 2 * 32L + i);
        int low = run < 2 ? both & 0xF : both >> 4;
        int high = unsigned(s, at + 128 + half * 32L + i) >> (2 * run) & 3;
        int scale = s.get(ValueLayout.JAVA_BYTE, at + 192 + e / 16);
        return half(s, at + 208) * scale * ((low | high << 4) - 32);
    }
}
