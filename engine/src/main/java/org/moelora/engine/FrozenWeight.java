package org.moelora.engine;

import java.lang.foreign.MemorySegment;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Frozen;

/** A weight that never learns: no gradient, and no memory for one. Immutable; safe for use by several threads. */
public final class FrozenWeight implements Weight, AutoCloseable {
    private final Frozen frozen;
    private final Shape shape;

    private FrozenWeight(Frozen frozen) {
        this.frozen = frozen;
        this.shape = Shape.of(frozen.rows(), frozen.cols());
    }

    /** Takes a weight over; {@code bytes} stay as they are until it is closed. See {@link Device#freeze}. */
    public static FrozenWeight of(Device device, MemorySegment bytes, DType dtype, int rows, int cols) {
        return new FrozenWeight(device.freeze(bytes, dtype, rows, cols));
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
        return shape.size() * dtype().bytes();
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
