package org.moelora.engine.testing;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.moelora.engine.FrozenWeight;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;

/** A frozen weight of random values in some format, and what those values are. */
public record FrozenValues(FrozenWeight weight, double[] values) implements AutoCloseable {
    public static FrozenValues random(Device device, DType dtype, int rows, int cols) {
        Random random = new Random(rows * 31L + cols);
        double[] values = new double[rows * cols];
        MemorySegment bytes = Arena.ofAuto().allocate((long) rows * cols * dtype.bytes());
        for (int i = 0; i < values.length; i++) {
            float value = (float) random.nextGaussian();
            switch (dtype) {
                case F32 -> bytes.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value);
                case BF16 -> {
                    int upper = Float.floatToRawIntBits(value) >>> 16;
                    value = Float.intBitsToFloat(upper << 16);
                    bytes.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) upper);
                }
                case F16 -> {
                    short half = Float.floatToFloat16(value);
                    value = Float.float16ToFloat(half);
                    bytes.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, half);
                }
                default -> throw new IllegalArgumentException("weights are floats here, not " + dtype);
            }
            values[i] = value;
        }
        return new FrozenValues(FrozenWeight.of(device, bytes, dtype, rows, cols), values);
    }

    /** {@code W [rows, cols]} in F32, stored as {@code [cols, rows]}. */
    public static FrozenValues transposed(Device device, int rows, int cols) {
        Random random = new Random(rows * 37L + cols);
        double[] values = new double[rows * cols];
        MemorySegment bytes = Arena.ofAuto().allocate((long) rows * cols * Float.BYTES);
        for (int i = 0; i < values.length; i++) {
            float value = (float) random.nextGaussian();
            values[i] = value;
            bytes.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i % cols * (long) rows + i / cols, value);
        }
        return new FrozenValues(FrozenWeight.transposed(device, bytes, DType.F32, cols, rows), values);
    }

    @Override
    public void close() {
        weight.close();
    }
}
