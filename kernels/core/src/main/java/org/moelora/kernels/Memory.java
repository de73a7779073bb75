package org.moelora.kernels;

/**
 * A lease on a span of numbers on a device. Kernels address it from element 0; a {@link #slice} is a window that shares
 * the lease of the whole. Contents are undefined after allocation. Where a kernel is given a {@link Sink}, memory is overwritten.
 *
 * <p>Using a closed lease, or a slice of one, throws {@link IllegalStateException}; it never reads or writes memory that
 * has been leased again. Leases may be used by any thread; what is in them is ordered by the caller.
 */
public abstract non-sealed class Memory implements Sink, AutoCloseable {
    private final DType dtype;
    private final long length;

    /** For devices only. */
    protected Memory(DType dtype, long length) {
        this.dtype = dtype;
        this.length = length;
    }

    public final DType dtype() {
        return dtype;
    }

    @Override
    public final long length() {
        return length;
    }

    /**
     * The window of {@code length} elements that starts at element {@code from}. It must not be closed.
     *
     * @throws IndexOutOfBoundsException if the window does not lie inside this span
     */
    @Override
    public abstract Memory slice(long from, long length);

    /** Whether neither the lease nor its device has been closed. */
    public abstract boolean isOpen();

    /**
     * Frees the span; closing twice does nothing.
     *
     * @throws IllegalStateException on a slice, which owns nothing
     */
    @Override
    public abstract void close();
}
