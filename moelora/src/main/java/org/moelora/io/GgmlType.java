package org.moelora.io;

import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;

/** The number formats a GGUF file may name. All are recognised, so that files with any of them can be checked; kernels read those with a {@link #dtype}. */
public enum GgmlType {
    /** IEEE 754 binary32. */
    F32(0, 1, 4, DType.F32),
    /** IEEE 754 binary16. */
    F16(1, 1, 2, DType.F16),
    /** Blocks of 4 bits and a scale. */
    Q4_0(2, 32, 18, DType.Q4_0),
    /** Blocks of 4 bits, a scale and a minimum. */
    Q4_1(3, 32, 20, DType.Q4_1),
    /** Blocks of 5 bits and a scale. */
    Q5_0(6, 32, 22, DType.Q5_0),
    /** Blocks of 5 bits, a scale and a minimum. */
    Q5_1(7, 32, 24, DType.Q5_1),
    /** Blocks of 8 bits and a scale. */
    Q8_0(8, 32, 34, DType.Q8_0),
    /** For activations. */
    Q8_1(9, 32, 36, null),
    /** Blocks of blocks of 2 bits. */
    Q2_K(10, 256, 84, null),
    /** Blocks of blocks of 3 bits. */
    Q3_K(11, 256, 110, null),
    /** Blocks of blocks of 4 bits. */
    Q4_K(12, 256, 144, DType.Q4_K),
    /** Blocks of blocks of 5 bits. */
    Q5_K(13, 256, 176, DType.Q5_K),
    /** Blocks of blocks of 6 bits. */
    Q6_K(14, 256, 210, DType.Q6_K),
    /** For activations. */
    Q8_K(15, 256, 292, null),
    /** From a table of 2 bits. */
    IQ2_XXS(16, 256, 66, null),
    /** From a table of 2 bits. */
    IQ2_XS(17, 256, 74, null),
    /** From a table of 3 bits. */
    IQ3_XXS(18, 256, 98, null),
    /** From a table of 1 bit. */
    IQ1_S(19, 256, 50, null),
    /** From a table of 4 bits. */
    IQ4_NL(20, 32, 18, null),
    /** From a table of 3 bits. */
    IQ3_S(21, 256, 110, null),
    /** From a table of 2 bits. */
    IQ2_S(22, 256, 82, null),
    /** From a table of 4 bits. */
    IQ4_XS(23, 256, 136, null),
    /** Signed 8-bit integer. */
    I8(24, 1, 1, null),
    /** Signed 16-bit integer. */
    I16(25, 1, 2, null),
    /** Signed 32-bit integer. */
    I32(26, 1, 4, null),
    /** Signed 64-bit integer. */
    I64(27, 1, 8, null),
    /** IEEE 754 binary64. */
    F64(28, 1, 8, null),
    /** From a table of 1 bit. */
    IQ1_M(29, 256, 56, null),
    /** The upper half of a binary32. */
    BF16(30, 1, 2, DType.BF16),
    /** Ternary. */
    TQ1_0(34, 256, 54, null),
    /** Ternary. */
    TQ2_0(35, 256, 66, null),
    /** OCP 4-bit floats with a scale. */
    MXFP4(39, 32, 17, null);

    private final int id;
    private final int blockElements;
    private final int blockBytes;
    private final @Nullable DType dtype;

    GgmlType(int id, int blockElements, int blockBytes, @Nullable DType dtype) {
        this.id = id;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
        this.dtype = dtype;
    }

    /** Elements that are stored together. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes of so many elements together. */
    public int blockBytes() {
        return blockBytes;
    }

    /** What kernels call it, or null if they do not read it. */
    public @Nullable DType dtype() {
        return dtype;
    }

    /** The type with that number in a file, or null if the format does not know it. */
    static @Nullable GgmlType numbered(int id) {
        for (GgmlType type : values()) {
            if (type.id == id) {
                return type;
            }
        }
        return null;
    }
}
