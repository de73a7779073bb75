package org.moelora.kernels.conformance;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Frozen;

/** A weight as a checkpoint has it: little-endian, in any format, at an odd address. */
record Weights(MemorySegment bytes, DType dtype, int rows, int cols) {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** @param cols for a block format rounded up to whole blocks */
    static Weights random(DType dtype, int rows, int cols, Random random) {
        int whole = (cols + dtype.blockElements() - 1) / dtype.blockElements() * dtype.blockElements();
        long n = (long) rows * whole;
        MemorySegment bytes = Arena.ofAuto().allocate(dtype.bytes(n) + 1).asSlice(1);
        for (long i = 0; i < n / dtype.blockElements(); i++) {
            float value = (float) random.nextGaussian();
            switch (dtype) {
                case F32 -> bytes.set(FLOAT, i * Float.BYTES, value);
                case BF16 -> bytes.set(SHORT, i * Short.BYTES, (short) (Float.floatToRawIntBits(value) >>> 16));
                case F16 -> bytes.set(SHORT, i * Short.BYTES, Float.floatToFloat16(value));
                case I32 -> throw new IllegalArgumentException("I32 is not a format of weights");
                case Q8_0 -> block(bytes, dtype, i, random, 0, -1, value / 73);
                case Q4_0 -> block(bytes, dtype, i, random, 0, -1, value / 5);
                case Q5_0 -> block(bytes, dtype, i, random, 0, -1, value / 9);
                case Q4_1 -> block(bytes, dtype, i, random, 0, 2, value / 9);
                case Q5_1 -> block(bytes, dtype, i, random, 0, 2, value / 18);
                case Q4_K -> block(bytes, dtype, i, random, 0, 2, value / 300);
                case Q5_K -> block(bytes, dtype, i, random, 0, 2, value / 600);
                case Q6_K -> block(bytes, dtype, i, random, 208, -1, value / 1500);
            }
        }
        return new Weights(bytes, dtype, rows, whole);
    }

    /** Any bits are a block, as long as its scale and, at {@code minimum} if there is one, its minimum are finite. */
    private static void block(
            MemorySegment bytes, DType dtype, long number, Random random, int scale, int minimum, float value) {
        byte[] block = new byte[dtype.blockBytes()];
        random.nextBytes(block);
        long at = number * block.length;
        MemorySegment.copy(block, 0, bytes, ValueLayout.JAVA_BYTE, at, block.length);
        bytes.set(SHORT, at + scale, Float.floatToFloat16(value));
        if (minimum >= 0) {
            bytes.set(SHORT, at + minimum, Float.floatToFloat16(value * random.nextFloat()));
        }
    }

    Frozen on(Device device) {
        return device.freeze(bytes, dtype, rows, cols);
    }
}
