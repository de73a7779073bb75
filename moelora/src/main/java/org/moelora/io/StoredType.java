package org.moelora.io;

import org.jspecify.annotations.Nullable;

/**
 * The number formats a safetensors file may name. All are recognised, so that a file with any of them can be checked and its
 * other tensors used; {@link SafetensorsFile#readFloats} reads F64, F32, F16 and BF16.
 */
public enum StoredType {
    /** True or false, one byte. */
    BOOL(8),
    /** Unsigned 8-bit integer. */
    U8(8),
    /** Signed 8-bit integer. */
    I8(8),
    /** Unsigned 16-bit integer. */
    U16(16),
    /** Signed 16-bit integer. */
    I16(16),
    /** Unsigned 32-bit integer. */
    U32(32),
    /** Signed 32-bit integer. */
    I32(32),
    /** Unsigned 64-bit integer. */
    U64(64),
    /** Signed 64-bit integer. */
    I64(64),
    /** IEEE 754 binary16. */
    F16(16),
    /** The upper half of a binary32. */
    BF16(16),
    /** IEEE 754 binary32. */
    F32(32),
    /** IEEE 754 binary64. */
    F64(64),
    /** A complex number of two binary32. */
    C64(64),
    /** OCP 8-bit float, 4 bits of exponent. */
    F8_E4M3(8),
    /** OCP 8-bit float, 5 bits of exponent. */
    F8_E5M2(8),
    /** 8-bit float, 4 bits of exponent, without infinities and negative zero. */
    F8_E4M3FNUZ(8),
    /** 8-bit float, 5 bits of exponent, without infinities and negative zero. */
    F8_E5M2FNUZ(8),
    /** OCP 8-bit scale, exponent only. */
    F8_E8M0(8),
    /** OCP 6-bit float, 2 bits of exponent. */
    F6_E2M3(6),
    /** OCP 6-bit float, 3 bits of exponent. */
    F6_E3M2(6),
    /** OCP 4-bit float, two in a byte. */
    F4(4);

    private final int bits;

    StoredType(int bits) {
        this.bits = bits;
    }

    /** Size of one element in bits; the narrowest are packed, so it need not be a multiple of 8. */
    public int bits() {
        return bits;
    }

    /** The type of that name in a file's header, or null if the format does not know it. */
    static @Nullable StoredType named(String name) {
        for (StoredType type : values()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }
}
