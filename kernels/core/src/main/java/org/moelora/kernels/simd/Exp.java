package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** The exponential, and what is made of it. Small enough that C2 inlines it into every loop, so no vector leaves a register. */
final class Exp {
    /** Adding it leaves the nearest integer in the low bits of a float. */
    private static final float ROUND = 0x1.8p23f;

    private static final float LOG2_E = 1.442695f;

    /** ln 2 in two parts, the first short enough that a multiple of it is exact. */
    private static final float LN_2_HIGH = 0.6933594f;

    private static final float LN_2_LOW = -0.00021219444f;

    /** exp of less is below the smallest normal number. */
    private static final float LOWEST = -87.33f;

    private static final float HIGHEST = 88.02f;

    private Exp() {}

    /**
     * e^x within 2 units in the last place for x in -87.33 .. 88.02, 0 below and infinity above; NaN stays NaN. With {@code n = round(x / ln 2)} it is
     * {@code 2^n e^(x - n ln 2)}, the second factor a polynomial of degree 6 (Cephes).
     */
    static FloatVector exp(FloatVector x) {
        VectorMask<Float> below = x.lt(LOWEST);
        VectorMask<Float> above = x.compare(VectorOperators.GT, HIGHEST);
        x = x.blend(LOWEST, below).blend(HIGHEST, above);
        FloatVector shifted = x.fma(FloatVector.broadcast(FLOATS, LOG2_E), FloatVector.broadcast(FLOATS, ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN_2_HIGH), x);
        r = n.fma(FloatVector.broadcast(FLOATS, -LN_2_LOW), r);
        FloatVector p = FloatVector.broadcast(FLOATS, 0.00019875691f);
        p = p.fma(r, FloatVector.broadcast(FLOATS, 0.0013981999f));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 0.008333452f));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 0.041665796f));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 0.16666666f));
        p = p.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
        p = p.fma(r.mul(r), r).add(1f);
        FloatVector power = shifted.reinterpretAsInts()
                .lanewise(VectorOperators.LSHL, 23)
                .add(0x3F800000)
                .reinterpretAsFloats();
        return p.mul(power).blend(0f, below).blend(Float.POSITIVE_INFINITY, above);
    }

    /** {@code 1 / (1 + e^-x)}. */
    static FloatVector sigmoid(FloatVector x) {
        return FloatVector.broadcast(FLOATS, 1f).div(exp(x.neg()).add(1f));
    }
}
