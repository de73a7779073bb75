package org.moelora.kernels;

/**
 * The number formats that kernels read. Arithmetic is always in float32; the narrow formats exist for frozen weights.
 *
 * <p>The block formats are those of GGML: each run of {@link #blockElements} along a row shares its scales. Bytes of a block, all little-endian, d and
 * m binary16, element i of a block of 32 in the low half of byte i for {@code i < 16} and in the high half of byte {@code i - 16} from there on.
 */
public enum DType {
    /** IEEE 754 binary32. */
    F32(1, 4),
    /** bfloat16: the upper half of a binary32. */
    BF16(1, 2),
    /** IEEE 754 binary16. */
    F16(1, 2),
    /** Signed 32-bit integers: token ids, row indices, selected experts. */
    I32(1, 4),
    /** {@code w_i = d q_i}: d, then 32 signed bytes q. */
    Q8_0(32, 34),
    /** {@code w_i = d (q_i - 8)}: d, then 32 half bytes q. */
    Q4_0(32, 18),
    /** {@code w_i = d q_i + m}: d, m, then 32 half bytes q. */
    Q4_1(32, 20),
    /** {@code w_i = d (q_i - 16)}: d, bit 4 of q as 32 bits, then its lower halves. */
    Q5_0(32, 22),
    /** {@code w_i = d q_i + m}: d, m, bit 4 of q as 32 bits, then its lower halves. */
    Q5_1(32, 24),
    /** Eight runs of 32 with {@code w_i = d s q_i - m o}: d, m, eight s and o of 6 bits each in 12 bytes, 128 bytes of q. */
    Q4_K(256, 144),
    /** As Q4_K with a fifth bit of q in 32 bytes before the 128. */
    Q5_K(256, 176),
    /** Sixteen runs of 16 with {@code w_i = d s (q_i - 32)}: 128 bytes of low halves of q, 64 of its upper two bits, 16 signed bytes s, d. */
    Q6_K(256, 210);

    private final int blockElements;
    private final int blockBytes;

    DType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** Elements that are stored together: 1 unless it is a block format. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes of {@link #blockElements} elements. */
    public int blockBytes() {
        return blockBytes;
    }

    /** Whether elements are stored in blocks that share their scales. */
    public boolean isQuantized() {
        return blockElements > 1;
    }

    /**
     * Size of one element in bytes.
     *
     * @throws IllegalStateException for a block format, whose elements have none
     */
    public int bytes() {
        if (isQuantized()) {
            throw new IllegalStateException("an element of " + this + " has no size of its own");
        }
        return blockBytes;
    }

    /**
     * Size of so many elements in bytes.
     *
     * @throws IllegalArgumentException if they are not whole blocks
     * @throws ArithmeticException if the size overflows
     */
    public long bytes(long elements) {
        if (elements % blockElements != 0) {
            throw new IllegalArgumentException(elements + " elements are not whole blocks of " + blockElements);
        }
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }
}
