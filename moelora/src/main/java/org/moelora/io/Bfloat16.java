package org.moelora.io;

/**
 * bfloat16, the upper half of a binary32: 1 bit of sign, 8 of exponent, 7 of fraction. Binary16 needs no class of its own, since
 * Java has {@link Float#float16ToFloat} and {@link Float#floatToFloat16}.
 */
public final class Bfloat16 {
    private Bfloat16() {}

    /** The value of the bits; exact. */
    public static float toFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /**
     * The bits of the nearest bfloat16, ties to the even one. Too large a value becomes an infinity; a NaN stays one, of the
     * same sign and upper payload, made quiet.
     */
    public static short fromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            // Rounding could carry the payload away into an infinity, or leave none of it in the upper half.
            return (short) ((bits >>> 16) | 0x40);
        }
        int roundToEven = 0x7FFF + ((bits >>> 16) & 1);
        return (short) ((bits + roundToEven) >>> 16);
    }
}
