package org.moelora.bench.products;

/** {@code y = x W^T}, or with x or W stored in another way, with one library, on a given number of threads. */
public interface Product {
    /** The library, its version, and what it says of how it computes. */
    String version();

    /**
     * Takes operands over, in whatever layout the library multiplies fastest; this is not timed.
     *
     * @param x [rows, in]
     * @param w [out, in]
     */
    void prepare(int rows, int out, int in, float[] x, float[] w);

    /** How the factors are stored. */
    enum Form {
        /** {@code y = x W^T}: x [rows, in], W [out, in]. */
        XWT("A B^T"),
        /** {@code y = x W}: x [rows, in], W [in, out]. */
        XW("A B"),
        /** {@code y = x^T W}: x [in, rows], W [in, out]. */
        XTW("A^T B");

        private final String text;

        Form(String text) {
            this.text = text;
        }

        /** Where element (row, p) of the left factor is. */
        int x(int row, int p, int rows, int in) {
            return this == XTW ? p * rows + row : row * in + p;
        }

        /** Where element (p, col) of the right factor is. */
        int w(int p, int col, int out, int in) {
            return this == XWT ? col * in + p : p * out + col;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * {@link #prepare(int, int, int, float[], float[])} of factors in a form.
     *
     * @throws UnsupportedOperationException if this library is not measured in that form
     */
    default void prepare(Form form, int rows, int out, int in, float[] x, float[] w) {
        if (form != Form.XWT) {
            throw new UnsupportedOperationException("only " + Form.XWT + " is measured with this library, not " + form);
        }
        prepare(rows, out, in, x, w);
    }

    /** Computes y; this is timed. */
    void multiply();

    /** An element of y. */
    float get(int row, int col);
}
