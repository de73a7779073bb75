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

    static Weights random(DType dtype, int rows, int cols, Random random) {
        long n = (long) rows * cols;
        MemorySegment bytes = Arena.ofAuto().allocate(n * dtype.bytes() + 1).asSlice(1);
        for (long i = 0; i < n; i++) {
            float value = (float) random.nextGaussian();
            switch (dtype) {
                case F32 -> bytes.set(FLOAT, i * Float.BYTES, value);
                case BF16 -> bytes.set(SHORT, i * Short.BYTES, (short) (Float.floatToRawIntBits(value) >>> 16));
                case F16 -> bytes.set(SHORT, i * Short.BYTES, Float.floatToFloat16(value));
                default -> throw new IllegalArgumentException(dtype + " is not a format of these weights");
            }
        }
        return new Weights(bytes, dtype, rows, cols);
    }

    Frozen on(Device device) {
        return device.freeze(bytes, dtype, rows, cols);
    }
}
