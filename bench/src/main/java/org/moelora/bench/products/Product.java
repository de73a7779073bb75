package org.moelora.bench.products;

/** {@code y = x W^T} with one library, on a given number of threads. */
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

    /** Computes y; this is timed. */
    void multiply();

    /** An element of y. */
    float get(int row, int col);
}
