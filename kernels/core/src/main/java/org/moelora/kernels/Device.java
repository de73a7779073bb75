package org.moelora.kernels;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * Memory and kernels of one device. Found once, chosen once through {@link Devices}. Safe for use by several threads.
 * Closing it ends its threads and frees all its memory; leases that are still open become unusable, and how much of whose they are is
 * logged as a warning. A kernel that another thread runs at that moment, or starts afterwards, throws {@link IllegalStateException}.
 */
public interface Device extends AutoCloseable {
    /** The name it is chosen by, e.g. {@code cpu-simd}. */
    String name();

    /** One line on what it is and what would make it faster, e.g. {@code cpu-simd: 512-bit Vector API, 2 threads}. */
    String description();

    Kernels kernels();

    /**
     * Leases {@code length} elements, aligned to 64 bytes, with undefined contents.
     *
     * @throws IllegalArgumentException if length is negative or its bytes overflow
     * @throws OutOfDeviceMemoryException if the device does not have enough memory; it can be used as before
     */
    Memory allocate(DType dtype, long length, Owner owner);

    /**
     * Takes a weight matrix over. The bytes (little-endian, row-major, any alignment) must stay as they are until the result is closed:
     * a CPU reads them in place.
     *
     * @param source exactly {@code rows * cols} elements of a float format, or of a block format of which rows are whole blocks
     */
    Frozen freeze(MemorySegment source, DType dtype, int rows, int cols);

    /** Copies {@code source} to the elements of F32 memory from {@code at} on. */
    void write(float[] source, Memory target, long at);

    /** Copies {@code source} to the elements of I32 memory from {@code at} on. */
    void write(int[] source, Memory target, long at);

    /** Copies {@code target.length} elements of F32 memory from {@code at} on to the host; waits for kernels that write them. */
    void read(Memory source, long at, float[] target);

    /** Copies {@code target.length} elements of I32 memory from {@code at} on to the host; waits for kernels that write them. */
    void read(Memory source, long at, int[] target);

    MemoryUse memoryUse();

    /**
     * Bytes of the memory that a device has for itself, in which its leases and its copies of frozen weights lie; empty where it uses the system's memory and reads
     * weights in place.
     */
    default OptionalLong ownMemory() {
        return OptionalLong.empty();
    }

    /**
     * A device for rehearsals: from the present state on it accounts for leases as this one would, and takes no memory and computes nothing.
     * Kernels do not touch their arguments, which may be memory and weights of this device too; {@link #write} does nothing and {@link #read} gives
     * zeros. What some work takes is known from its {@link #memoryUse} before there has to be room for it. Used by one thread; it is closed by
     * the caller.
     */
    Device rehearsal();

    /**
     * Gives memory in which nothing is leased back to the system: after work that took much, on a device that lives on. Leases stay where they are, so memory of which
     * a part is leased stays too. Later leases take memory from the system again.
     */
    default void trim() {}

    /** Sets {@link MemoryUse#peak} back to what is leased now. */
    void resetPeak();

    @Override
    void close();
}
