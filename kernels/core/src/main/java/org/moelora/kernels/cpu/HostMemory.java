package org.moelora.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;
import org.moelora.kernels.device.Slabs;

/** A lease of native memory from a {@link SlabPool}. */
public final class HostMemory extends Memory {
    /** What whole and slices share. */
    static final class Lease {
        final SlabPool pool;
        final Slabs.Range range;
        volatile boolean open = true;

        Lease(SlabPool pool, Slabs.Range range) {
            this.pool = pool;
            this.range = range;
        }
    }

    private final Lease lease;
    private final MemorySegment segment;
    private final boolean whole;

    HostMemory(Lease lease, MemorySegment segment, DType dtype, long length) {
        this(lease, segment, dtype, length, true);
    }

    private HostMemory(Lease lease, MemorySegment segment, DType dtype, long length, boolean whole) {
        super(dtype, length);
        this.lease = lease;
        this.segment = segment;
        this.whole = whole;
    }

    /**
     * The span's bytes.
     *
     * @throws IllegalStateException if the lease is closed
     */
    public MemorySegment segment() {
        if (!isOpen()) {
            throw new IllegalStateException(
                    lease.open ? "the device of this memory is closed" : "this memory has been freed");
        }
        return segment;
    }

    @Override
    public HostMemory slice(long from, long length) {
        if (from < 0 || length < 0 || from > length() - length) {
            throw new IndexOutOfBoundsException("elements " + from + " to " + (from + length) + " of " + length());
        }
        int bytes = dtype().bytes();
        return new HostMemory(lease, segment().asSlice(from * bytes, length * bytes), dtype(), length, false);
    }

    @Override
    public boolean isOpen() {
        return lease.open && !lease.pool.isClosed();
    }

    @Override
    public void close() {
        if (!whole) {
            throw new IllegalStateException("a slice owns nothing: close the memory it was cut from");
        }
        lease.pool.free(lease, segment);
    }

    /**
     * The bytes of F32 memory of at least {@code length} elements.
     *
     * @throws IllegalArgumentException if the memory is another device's or another format
     * @throws IndexOutOfBoundsException if it is shorter
     */
    public static MemorySegment floats(Memory memory, long length) {
        return checked(memory, DType.F32, length);
    }

    /** The bytes of a matrix's memory, in which element (i, j) is float {@code m.index(i, j)}; throws as {@link #floats(Memory, long)}. */
    public static MemorySegment floats(Matrix m) {
        return floats(m.memory(), m.offset() + m.span());
    }

    /** The bytes of a sink, or {@link MemorySegment#NULL} if it is absent, of which nothing may be read or written; throws as {@link #floats(Memory, long)}. */
    public static MemorySegment floats(Sink sink, long length) {
        return sink.isAbsent() ? MemorySegment.NULL : floats(sink.memory(), length);
    }

    /** The bytes of a sink for a kernel that adds: zeros where it overwrites. */
    public static MemorySegment sums(Sink sink) {
        MemorySegment bytes = floats(sink.memory(), 0);
        return sink.adds() ? bytes : bytes.fill((byte) 0);
    }

    /** {@link #floats(Memory, long)}, or null for null. */
    public static @Nullable MemorySegment floatsOrNull(@Nullable Memory memory, long length) {
        return memory == null ? null : floats(memory, length);
    }

    /** The bytes of I32 memory of at least {@code length} elements; throws as {@link #floats(Memory, long)}. */
    public static MemorySegment ints(Memory memory, long length) {
        return checked(memory, DType.I32, length);
    }

    private static MemorySegment checked(Memory memory, DType dtype, long length) {
        if (!(memory instanceof HostMemory host)) {
            throw new IllegalArgumentException("a CPU kernel was given memory of another device");
        }
        if (host.dtype() != dtype) {
            throw new IllegalArgumentException("expected " + dtype + " memory, got " + host.dtype());
        }
        if (host.length() < length) {
            throw new IndexOutOfBoundsException("needs " + length + " elements, has " + host.length());
        }
        return host.segment();
    }

    /** Element i of F32 bytes. */
    public static float get(MemorySegment floats, long i) {
        return floats.get(ValueLayout.JAVA_FLOAT, i * Float.BYTES);
    }

    /** Sets element i of F32 bytes. */
    public static void set(MemorySegment floats, long i, float value) {
        floats.set(ValueLayout.JAVA_FLOAT, i * Float.BYTES, value);
    }

    /** Element i of I32 bytes. */
    public static int getInt(MemorySegment ints, long i) {
        return ints.get(ValueLayout.JAVA_INT, i * Integer.BYTES);
    }

    /** Sets element i of I32 bytes. */
    public static void setInt(MemorySegment ints, long i, int value) {
        ints.set(ValueLayout.JAVA_INT, i * Integer.BYTES, value);
    }
}
