package org.moelora.kernels.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.moelora.kernels.DType;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Owner;
import org.moelora.kernels.device.Slabs;
import org.moelora.kernels.device.Spans;

/**
 * Native memory for leases, in slabs that live as long as the pool: an arena per lease would cost a handshake of all threads whenever one is
 * closed. {@link Slabs} says which lease goes where.
 */
final class SlabPool {
    private static final int POISON = 0x7FC0DEAD;

    private final boolean poison;
    private final Arena arena = Arena.ofShared();
    private final Slabs slabs = new Slabs();
    private final List<MemorySegment> segments = new ArrayList<>();
    private final LongConsumer newSlab;
    private volatile boolean closed;

    SlabPool(boolean poison) {
        this.poison = poison;
        this.newSlab = bytes -> segments.add(arena.allocate(bytes, Slabs.ALIGNMENT));
    }

    synchronized HostMemory lease(DType dtype, long length, Owner owner) {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
        long bytes = Spans.bytes(dtype, length);
        Slabs.Range range = slabs.lease(bytes, owner, newSlab);
        MemorySegment segment = segments.get(range.slab()).asSlice(range.from(), bytes);
        if (poison) {
            poison(segment);
        }
        return new HostMemory(new HostMemory.Lease(this, range), segment, dtype, length);
    }

    synchronized void giveBack(HostMemory.Lease lease, MemorySegment segment) {
        if (!lease.open) {
            return;
        }
        lease.open = false;
        if (closed) {
            return;
        }
        if (poison) {
            poison(segment);
        }
        slabs.giveBack(lease.range);
    }

    /**
     * Memory for kernels' working buffers, a few megabytes a thread: not leased, so not accounted to anyone, and given back with the
     * pool.
     */
    synchronized MemorySegment buffer(long bytes) {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
        return arena.allocate(bytes, Slabs.ALIGNMENT);
    }

    synchronized MemoryUse use() {
        return slabs.use();
    }

    synchronized void resetPeak() {
        slabs.resetPeak();
    }

    /** Where leases would go from here on. */
    synchronized Slabs rehearsal() {
        return new Slabs(slabs);
    }

    boolean isClosed() {
        return closed;
    }

    /**
     * Ends all leases and gives everything back to the system.
     *
     * @return what was leased at that moment; nothing if it was closed before
     */
    synchronized MemoryUse close() {
        if (closed) {
            return new MemoryUse(Map.of(), Map.of(), 0);
        }
        closed = true;
        segments.clear();
        arena.close();
        return use();
    }

    private static void poison(MemorySegment segment) {
        for (long at = 0; at + Integer.BYTES <= segment.byteSize(); at += Integer.BYTES) {
            segment.set(ValueLayout.JAVA_INT, at, POISON);
        }
    }
}
