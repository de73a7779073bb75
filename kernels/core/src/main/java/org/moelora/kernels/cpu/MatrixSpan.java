package org.moelora.kernels.cpu;

/** Spans of matrices with a leading dimension. */
public final class MatrixSpan {
    private MatrixSpan() {}

    /**
     * Elements from the first of row 0 to the last of the last row.
     *
     * @throws IllegalArgumentException if a size is negative or the leading dimension shorter than a row
     */
    public static long length(int rows, int cols, int leading) {
        if (rows < 0 || cols < 0 || leading < cols) {
            throw new IllegalArgumentException(
                    "a matrix [" + rows + ", " + cols + "] cannot have the leading dimension " + leading);
        }
        return rows == 0 || cols == 0 ? 0 : (long) (rows - 1) * leading + cols;
    }
}
