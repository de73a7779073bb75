package org.moelora.kernels.simd;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width that all kernels of this package use. The species must be a compile-time constant for C2 to map a
 * vector to a register, so it lives here once, in a class that is loaded only where the vector module is.
 */
final class Lanes {
    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    static final int COUNT = FLOATS.length();

    /** Device memory is the host's; the Vector API wants its order said. */
    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Lanes() {}

    /** The largest multiple of the lane count that is not above {@code n}. */
    static int floor(int n) {
        return n - n % COUNT;
    }

    /** {@link #floor(int)} for long counts. */
    static long floor(long n) {
        return n - n % COUNT;
    }
}
