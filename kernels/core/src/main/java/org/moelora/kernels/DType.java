package org.moelora.kernels;

/** The number formats that kernels read. Arithmetic is always in float32; the narrow formats exist for frozen weights. */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4),
    /** bfloat16: the upper half of a binary32. */
    BF16(2),
    /** IEEE 754 binary16. */
    F16(2),
    /** Signed 32-bit integers: token ids, row indices, selected experts. */
    I32(4);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }
}
