package org.moelora.bench.attention;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The vector width of all steps: a constant, or C2 maps no vector to a register. */
final class Vectors {
    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    static final int L = FLOATS.length();

    private Vectors() {}
}
