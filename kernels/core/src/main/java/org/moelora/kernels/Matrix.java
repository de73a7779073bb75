package org.moelora.kernels;

/**
 * A matrix {@code [rows, cols]} of F32 numbers in device memory, or a part of one. Element (i, j) is number {@code offset + i leading + j} of
 * the memory; of a transposed one {@code offset + j leading + i}. Nothing is copied: {@link #t}, {@link #rows(int, int)} and
 * {@link #columns} look at the same numbers in another way.
 *
 * @param memory owns the numbers, and may be closed before the matrix is used, which then throws {@link IllegalStateException}
 * @param offset where element (0, 0) lies
 * @param leading distance between the stored rows, at least their length; a transposed matrix is stored as {@code [cols, rows]}
 */
public record Matrix(Memory memory, long offset, int rows, int cols, int leading, boolean transposed) {
    /**
     * @throws IllegalArgumentException if the memory is not F32, a size is negative or {@code leading} is shorter than a stored row
     * @throws IndexOutOfBoundsException if the memory ends before the matrix does
     */
    public Matrix {
        if (rows < 0 || cols < 0 || leading < (transposed ? rows : cols)) {
            throw new IllegalArgumentException("a matrix [" + rows + ", " + cols + "]" + (transposed ? "^T" : "")
                    + " cannot have the leading dimension " + leading);
        }
        if (memory.dtype() != DType.F32) {
            throw new IllegalArgumentException("a matrix is of F32 numbers, not " + memory.dtype());
        }
        long span = span(rows, cols, leading, transposed);
        if (offset < 0 || offset > memory.length() - span) {
            throw new IndexOutOfBoundsException("a matrix [" + rows + ", " + cols + "] with the leading dimension "
                    + leading + " needs " + span + " elements from " + offset + " on; its memory has "
                    + memory.length());
        }
    }

    /** The first {@code rows * cols} numbers of the memory, row by row. */
    public static Matrix of(Memory memory, int rows, int cols) {
        return new Matrix(memory, 0, rows, cols, cols, false);
    }

    /** The transpose: {@code t_ij = this_ji}. */
    public Matrix t() {
        return new Matrix(memory, offset, /* rows= */ cols, /* cols= */ rows, leading, !transposed);
    }

    /**
     * The {@code n} rows from row {@code from} on, [n, cols].
     *
     * @throws IndexOutOfBoundsException if there are not so many
     */
    public Matrix rows(int from, int n) {
        checkPart("rows", from, n, rows);
        return new Matrix(memory, n == 0 || cols == 0 ? offset : index(from, 0), n, cols, leading, transposed);
    }

    /**
     * The {@code n} columns from column {@code from} on, [rows, n].
     *
     * @throws IndexOutOfBoundsException if there are not so many
     */
    public Matrix columns(int from, int n) {
        checkPart("columns", from, n, cols);
        return new Matrix(memory, n == 0 || rows == 0 ? offset : index(0, from), rows, n, leading, transposed);
    }

    private static void checkPart(String what, int from, int n, int of) {
        if (from < 0 || n < 0 || from > of - n) {
            throw new IndexOutOfBoundsException(what + " " + from + " to " + ((long) from + n) + " of " + of);
        }
    }

    /**
     * The {@code count} parts from part {@code from} on, of {@code parts} equal ones that are stored one below the other: rows of a matrix,
     * columns of a transposed one.
     *
     * @throws IllegalArgumentException if it cannot be cut into so many
     */
    public Matrix parts(int from, int count, int parts) {
        int all = transposed ? cols : rows;
        if (parts < 1 || all % parts != 0) {
            throw new IllegalArgumentException(this + " cannot be cut into " + parts + " parts");
        }
        int one = all / parts;
        return transposed ? columns(from * one, count * one) : rows(from * one, count * one);
    }

    /** Which number of the memory element (i, j) is. */
    public long index(int i, int j) {
        return offset + (transposed ? (long) j * leading + i : (long) i * leading + j);
    }

    /** Numbers from element (0, 0) to the last one, those between the stored rows included. */
    public long span() {
        return span(rows, cols, leading, transposed);
    }

    private static long span(int rows, int cols, int leading, boolean transposed) {
        if (rows == 0 || cols == 0) {
            return 0;
        }
        return transposed ? (cols - 1L) * leading + rows : (rows - 1L) * leading + cols;
    }

    @Override
    public String toString() {
        return "[" + rows + ", " + cols + "]" + (transposed ? "^T" : "");
    }
}
