package org.moelora.kernels.device;

import org.moelora.kernels.DType;

/** Sizes of leases and of matrices, checked. */
public final class Spans {
    private Spans() {}

    /**
     * Bytes of a lease.
     *
     * @throws IllegalArgumentException if the length is negative or far beyond any memory
     */
    public static long bytes(DType dtype, long length) {
        if (length < 0 || length > (Long.MAX_VALUE >> 4)) {
            throw new IllegalArgumentException("cannot lease " + length + " elements");
        }
        return length * dtype.bytes();
    }

    /**
     * Elements from the first of row 0 to the last of the last row of a matrix with a leading dimension.
     *
     * @throws IllegalArgumentException if a size is negative or the leading dimension shorter than a row
     */
    public static long matrix(int rows, int cols, int leading) {
        if (rows < 0 || cols < 0 || leading < cols) {
            throw new IllegalArgumentException(
                    "a matrix [" + rows + ", " + cols + "] cannot have the leading dimension " + leading);
        }
        return rows == 0 || cols == 0 ? 0 : (long) (rows - 1) * leading + cols;
    }

    /**
     * Bytes of a frozen weight.
     *
     * @throws IllegalArgumentException if {@code found} bytes do not hold such a matrix
     */
    public static long frozen(long found, DType dtype, int rows, int cols) {
        if (dtype == DType.I32) {
            throw new IllegalArgumentException("a frozen weight is of floats or of blocks, not I32");
        }
        if (rows < 0 || cols < 0 || cols % dtype.blockElements() != 0 || found != dtype.bytes((long) rows * cols)) {
            throw new IllegalArgumentException(
                    found + " bytes do not hold a " + dtype + " matrix [" + rows + ", " + cols + "]");
        }
        return found;
    }
}
