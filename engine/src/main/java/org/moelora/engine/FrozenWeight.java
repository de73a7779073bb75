package org.moelora.engine;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Frozen;

/** A weight that is not trainable: no gradient, and no memory for one. Immutable; safe for use by several threads. */
public final class FrozenWeight implements Weight, AutoCloseable {
    private final Frozen frozen;
    private final boolean transposed;
    private final Shape shape;

    private FrozenWeight(Frozen frozen, boolean transposed) {
        this.frozen = frozen;
        this.transposed = transposed;
        this.shape = transposed ? Shape.of(frozen.cols(), frozen.rows()) : Shape.of(frozen.rows(), frozen.cols());
    }

    /** Takes a weight over; {@code bytes} stay as they are until it is closed. See {@link Device#freeze}. */
    public static FrozenWeight of(Device device, MemorySegment bytes, DType dtype, int rows, int cols) {
        return new FrozenWeight(device.freeze(bytes, dtype, rows, cols), false);
    }

    /**
     * A weight that is stored as {@code [in, out]}, read in place all the same: {@code y = x M} is what {@link #of} has for the backward pass, and the other
     * way round. For linears only, not for embeddings.
     */
    public static FrozenWeight transposed(Device device, MemorySegment bytes, DType dtype, int in, int out) {
        return new FrozenWeight(device.freeze(bytes, dtype, in, out), true);
    }

    @Override
    public Shape shape() {
        return shape;
    }

    public DType dtype() {
        return frozen.dtype();
    }

    /** Bytes of its elements. */
    public long bytes() {
        return dtype().bytes(shape.size());
    }

    /** Whether {@link #frozen} is {@code [in, out]} where {@link #shape} is {@code [out, in]}. */
    public boolean isTransposed() {
        return transposed;
    }

    /** What kernels multiply with. */
    public Frozen frozen() {
        return frozen;
    }

    @Override
    public void close() {
        frozen.close();
    }
}
