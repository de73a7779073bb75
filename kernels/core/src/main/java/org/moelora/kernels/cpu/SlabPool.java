package org.moelora.kernels.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.kernels.Owner;
import org.moelora.kernels.device.Slabs;
import org.moelora.kernels.device.Spans;

/**
 * Native memory for leases, in slabs that live until the pool is trimmed or closed: an arena per lease would cost a handshake of all threads whenever one
 * is closed. {@link Slabs} says which lease goes where.
 */
final class SlabPool {
    private static final int POISON = 0x7FC0DEAD;

    /** Memory taken from the system at once. */
    private record Slab(Arena arena, MemorySegment segment) {
        @SuppressWarnings("MustBeClosedChecker") // The pool closes it.
        static Slab of(long bytes) {
            Arena arena = Arena.ofShared();
            try {
                return new Slab(arena, arena.allocate(bytes, Slabs.ALIGNMENT));
            } catch (RuntimeException | Error e) {
                arena.close();
                throw e;
            }
        }
    }

    private final String device;
    private final boolean poison;
    private final Arena buffers = Arena.ofShared();
    private final Slabs slabs = new Slabs();
    private final List<@Nullable Slab> taken = new ArrayList<>();
    private final LongConsumer newSlab;
    private volatile boolean closed;

    /** @param device its name, for messages */
    SlabPool(String device, boolean poison) {
        this.device = device;
        this.poison = poison;
        this.newSlab = bytes -> taken.add(Slab.of(bytes));
    }

    synchronized HostMemory lease(DType dtype, long length, Owner owner) {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
        long bytes = Spans.bytes(dtype, length);
        Slabs.Range range;
        try {
            range = slabs.lease(bytes, owner, newSlab);
        } catch (OutOfMemoryError e) {
            throw noRoom(owner, bytes, e);
        }
        MemorySegment segment =
                Objects.requireNonNull(taken.get(range.slab())).segment.asSlice(range.from(), bytes);
        if (poison) {
            poison(segment);
        }
        return new HostMemory(new HostMemory.Lease(this, range), segment, dtype, length);
    }

    synchronized void free(HostMemory.Lease lease, MemorySegment segment) {
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
        slabs.free(lease.range);
    }

    /**
     * Memory for kernels' working buffers, a few megabytes a thread: not leased, so not part of any account, and freed with the
     * pool.
     */
    synchronized MemorySegment buffer(long bytes) {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
        try {
            return buffers.allocate(bytes, Slabs.ALIGNMENT);
        } catch (OutOfMemoryError e) {
            throw noRoom(null, bytes, e);
        }
    }

    private OutOfDeviceMemoryException noRoom(@Nullable Owner owner, long bytes, OutOfMemoryError e) {
        String message = device + " has no memory left for " + bytes + " bytes of "
                + (owner == null ? "its kernels" : owner) + " beside "
                + slabs.use().leased() + " (" + e.getMessage()
                + "); expected a smaller --batch-size or --max-length, or --recompute, or a java command with a larger"
                + " -XX:MaxDirectMemorySize where that is the limit";
        return new OutOfDeviceMemoryException(device, owner, bytes, -1, message, e);
    }

    /** Gives slabs in which nothing is leased back to the system. */
    synchronized void trim() {
        if (!closed) {
            slabs.trim(number -> {
                Slab slab = Objects.requireNonNull(taken.set(number, null));
                slab.arena.close();
            });
        }
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
     * Ends all leases and returns everything to the system.
     *
     * @return what was leased at that moment; nothing if it was closed before
     */
    synchronized MemoryUse close() {
        if (closed) {
            return new MemoryUse(Map.of(), Map.of(), 0);
        }
        closed = true;
        for (Slab slab : taken) {
            if (slab != null) {
                slab.arena.close();
            }
        }
        taken.clear();
        buffers.close();
        return use();
    }

    private static void poison(MemorySegment segment) {
        for (long at = 0; at + Integer.BYTES <= segment.byteSize(); at += Integer.BYTES) {
            segment.set(ValueLayout.JAVA_INT, at, POISON);
        }
    }
}
