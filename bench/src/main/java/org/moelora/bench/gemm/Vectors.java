package org.moelora.bench.gemm;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The vector width of all steps: a compile-time constant, or C2 maps no vector to a register. */
final class Vectors {
    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

    /** Floats in a vector: 16 of 32 bits in 512. */
    static final int L = FLOATS.length();

    private Vectors() {}
}
