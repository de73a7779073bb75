package org.moelora.kernels;

/**
 * A weight matrix {@code W [rows, cols]} handed to a device for good: opaque, read-only, in whatever layout serves
 * {@code x W^T} and {@code dy W} best. Immutable and safe for use by any number of threads until it is closed.
 */
public interface Frozen extends AutoCloseable {
    /** The format the weight is kept in. */
    DType dtype();

    /** Output features of the linear, or entries of an embedding table. */
    int rows();

    /** Input features of the linear, or the width of an embedding. */
    int cols();

    /** Frees what the device holds; later use throws {@link IllegalStateException}. */
    @Override
    void close();
}
