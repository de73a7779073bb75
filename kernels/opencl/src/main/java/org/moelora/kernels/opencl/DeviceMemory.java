package org.moelora.kernels.opencl;

import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.device.Slabs;

/** A lease of device memory: a part of one of the {@link DevicePool}'s buffers. */
final class DeviceMemory extends Memory {
    /** What whole and slices share. */
    static final class Lease {
        final DevicePool pool;
        final Slabs.Range range;
        final cl_mem buffer;
        final long bytes;
        volatile boolean open = true;

        /**
         * @param bytes what was asked for; the range is longer
         */
        Lease(DevicePool pool, Slabs.Range range, cl_mem buffer, long bytes) {
            this.pool = pool;
            this.range = range;
            this.buffer = buffer;
            this.bytes = bytes;
        }
    }

    private final Lease lease;
    private final long offset;
    private final boolean whole;

    /**
     * @param offset first element in the buffer
     */
    DeviceMemory(Lease lease, DType dtype, long offset, long length) {
        this(lease, dtype, offset, length, true);
    }

    private DeviceMemory(Lease lease, DType dtype, long offset, long length, boolean whole) {
        super(dtype, length);
        this.lease = lease;
        this.offset = offset;
        this.whole = whole;
    }

    /** First element in the buffer. */
    long offset() {
        return offset;
    }

    /**
     * @throws IllegalStateException if the lease is closed
     */
    cl_mem buffer() {
        if (!isOpen()) {
            throw new IllegalStateException(
                    lease.open ? "the device of this memory is closed" : "this memory has been freed");
        }
        return lease.buffer;
    }

    @Override
    public DeviceMemory slice(long from, long length) {
        if (from < 0 || length < 0 || from > length() - length) {
            throw new IndexOutOfBoundsException("elements " + from + " to " + (from + length) + " of " + length());
        }
        buffer();
        return new DeviceMemory(lease, dtype(), offset + from, length, false);
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
        lease.pool.free(lease);
    }

    /**
     * F32 memory of at least {@code length} elements.
     *
     * @throws IllegalStateException if it is closed
     * @throws IllegalArgumentException if it is another device's or another format
     * @throws IndexOutOfBoundsException if it is shorter
     */
    static DeviceMemory floats(Memory memory, long length) {
        return checked(memory, DType.F32, length);
    }

    /** The memory from a matrix's element (0, 0) on; throws as {@link #floats(Memory, long)}. */
    static DeviceMemory floats(Matrix m) {
        DeviceMemory all = floats(m.memory(), m.offset() + m.span());
        return m.offset() == 0 ? all : all.slice(m.offset(), m.span());
    }

    /** {@link #floats(Memory, long)}, or null for null. */
    static @Nullable DeviceMemory floatsOrNull(@Nullable Memory memory, long length) {
        return memory == null ? null : floats(memory, length);
    }

    /** I32 memory of at least {@code length} elements; throws as {@link #floats(Memory, long)}. */
    static DeviceMemory ints(Memory memory, long length) {
        return checked(memory, DType.I32, length);
    }

    private static DeviceMemory checked(Memory memory, DType dtype, long length) {
        if (!(memory instanceof DeviceMemory here)) {
            throw new IllegalArgumentException("an OpenCL kernel was given memory of another device");
        }
        if (here.dtype() != dtype) {
            throw new IllegalArgumentException("expected " + dtype + " memory, got " + here.dtype());
        }
        if (here.length() < length) {
            throw new IndexOutOfBoundsException("needs " + length + " elements, has " + here.length());
        }
        here.buffer();
        return here;
    }
}
