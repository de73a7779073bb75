package org.moelora.kernels.simd;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.moelora.kernels.cpu.CpuProvider;

/**
 * The vector width that all kernels of this package use. The species must be a compile-time constant for C2 to map a
 * vector to a register, so it lives here once, in a class that is loaded only where the vector module is.
 */
final class Lanes {
    static final VectorSpecies<Float> FLOATS = species();
    static final int COUNT = FLOATS.length();

    /** Device memory is the host's; the Vector API wants its order said. */
    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private static final VectorShuffle<Float> BY_8 = FLOATS.iotaShuffle(8, 1, true);
    private static final VectorShuffle<Float> BY_4 = FLOATS.iotaShuffle(4, 1, true);
    private static final VectorShuffle<Float> BY_2 = FLOATS.iotaShuffle(2, 1, true);
    private static final VectorShuffle<Float> BY_1 = FLOATS.iotaShuffle(1, 1, true);

    private Lanes() {}

    /** The widest that the processor has, or what {@link CpuProvider#VECTOR_BITS} caps it to. */
    private static VectorSpecies<Float> species() {
        int widest = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        int bits = Math.min(widest, Integer.getInteger(CpuProvider.VECTOR_BITS, widest));
        return switch (bits) {
            case 128 -> FloatVector.SPECIES_128;
            case 256 -> FloatVector.SPECIES_256;
            case 512 -> FloatVector.SPECIES_512;
            default ->
                throw new IllegalArgumentException(
                        "-D" + CpuProvider.VECTOR_BITS + " is " + bits + "; expected 128, 256 or 512");
        };
    }

    /**
     * The sum of all lanes, as a tree. Not {@code reduceLanes}: its order is left open, and differs between interpreted and compiled code, so that
     * the same call would give other bits once it is warm.
     */
    static float sum(FloatVector v) {
        if (COUNT > 8) {
            v = v.add(v.rearrange(BY_8));
        }
        if (COUNT > 4) {
            v = v.add(v.rearrange(BY_4));
        }
        v = v.add(v.rearrange(BY_2));
        return v.add(v.rearrange(BY_1)).lane(0);
    }

    /** The largest multiple of the lane count that is not above {@code n}. */
    static int floor(int n) {
        return n - n % COUNT;
    }

    /** The least multiple of {@link #COUNT} that is not below n. */
    static int ceiling(int n) {
        return floor(n + COUNT - 1);
    }

    /** {@link #floor(int)} for long counts. */
    static long floor(long n) {
        return n - n % COUNT;
    }
}
