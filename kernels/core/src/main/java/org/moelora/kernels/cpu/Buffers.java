package org.moelora.kernels.cpu;

import java.lang.foreign.MemorySegment;

/** Native memory for the working buffers of kernels, which live as long as their device. */
@FunctionalInterface
public interface Buffers {
    /** Memory with undefined contents, aligned to 64 bytes and given back with the device. */
    MemorySegment allocate(long bytes);
}
