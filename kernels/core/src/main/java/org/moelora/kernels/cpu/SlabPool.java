package org.moelora.kernels.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Owner;

/**
 * Native memory in reusable blocks. Block sizes are rounded up so that at most an eighth is wasted; a block that is given
 * back serves the next lease of about its size. Small blocks are cut from slabs. An arena per lease would cost a
 * handshake of all threads whenever one is closed, so arenas live as long as the pool.
 */
final class SlabPool {
    private static final long ALIGNMENT = 64;
    private static final long SLAB_BYTES = 4L << 20;
    /** Sizes are eighths of powers of two, so four on is at most half as large again. */
    private static final int NEIGHBOURS = 4;

    private static final int POISON = 0x7FC0DEAD;

    record Block(MemorySegment segment, long bytes) {}

    private final boolean poison;
    private final Arena arena = Arena.ofShared();
    private final List<ArrayDeque<Block>> free = new ArrayList<>();
    private final Map<Owner, AtomicLong> use = new EnumMap<>(Owner.class);
    private @Nullable MemorySegment slab;
    private long slabUsed;
    private long total;
    private long peak;
    private volatile boolean closed;

    SlabPool(boolean poison) {
        this.poison = poison;
    }

    synchronized HostMemory lease(DType dtype, long length, Owner owner) {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
        if (length < 0 || length > (Long.MAX_VALUE >> 4)) {
            throw new IllegalArgumentException("cannot lease " + length + " elements");
        }
        long bytes = rounded(length * dtype.bytes());
        Block block = reused(bytes);
        if (block == null) {
            block = fresh(bytes);
        }
        if (poison) {
            poison(block.segment());
        }
        used(owner).addAndGet(bytes);
        total += bytes;
        peak = Math.max(peak, total);
        return new HostMemory(new HostMemory.Lease(this, block, bytes, owner), dtype, length);
    }

    synchronized void giveBack(HostMemory.Lease lease) {
        if (!lease.open) {
            return;
        }
        lease.open = false;
        if (closed) {
            return;
        }
        Block block = lease.block;
        if (poison) {
            poison(block.segment());
        }
        used(lease.owner).addAndGet(-lease.bytes);
        total -= lease.bytes;
        blocks(index(block.bytes())).push(block);
    }

    /** Memory for kernels' working buffers: not leased, so not accounted to anyone, and given back with the pool. */
    synchronized MemorySegment buffer(long bytes) {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
        return arena.allocate(bytes, ALIGNMENT);
    }

    private AtomicLong used(Owner owner) {
        return use.computeIfAbsent(owner, o -> new AtomicLong());
    }

    synchronized MemoryUse use() {
        Map<Owner, Long> now = new EnumMap<>(Owner.class);
        use.forEach((owner, bytes) -> now.put(owner, bytes.get()));
        return new MemoryUse(now, peak);
    }

    synchronized void resetPeak() {
        peak = total;
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
            return new MemoryUse(Map.of(), peak);
        }
        closed = true;
        free.clear();
        slab = null;
        arena.close();
        return use();
    }

    /** The next size of the form (8 .. 15) * 2^n, at least {@link #ALIGNMENT}. */
    static long rounded(long bytes) {
        if (bytes <= 8 * ALIGNMENT) {
            return Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        }
        long unit = Long.highestOneBit(bytes - 1) >> 3;
        return (bytes + unit - 1) / unit * unit;
    }

    /**
     * A free block of this size, or else of one up to half as large again: where every batch has another length, each size would otherwise collect
     * blocks of its own, and memory would grow for as long as there are lengths that have not been seen.
     */
    private @Nullable Block reused(long rounded) {
        int index = index(rounded);
        for (int i = index; i <= index + NEIGHBOURS; i++) {
            Block block = blocks(i).poll();
            if (block != null) {
                return block;
            }
        }
        return null;
    }

    private static int index(long rounded) {
        int log2 = 63 - Long.numberOfLeadingZeros(rounded);
        return 8 * log2 + (int) (rounded >>> (log2 - 3) & 7);
    }

    /** The free blocks of one size. By index, as a map would box a number for every lease of every op. */
    private ArrayDeque<Block> blocks(int index) {
        while (free.size() <= index) {
            free.add(new ArrayDeque<>(0));
        }
        return free.get(index);
    }

    private Block fresh(long bytes) {
        if (bytes > SLAB_BYTES / 4) {
            return new Block(arena.allocate(bytes, ALIGNMENT), bytes);
        }
        MemorySegment current = slab;
        if (current == null || slabUsed + bytes > SLAB_BYTES) {
            current = arena.allocate(SLAB_BYTES, ALIGNMENT);
            slab = current;
            slabUsed = 0;
        }
        Block block = new Block(current.asSlice(slabUsed, bytes), bytes);
        slabUsed += bytes;
        return block;
    }

    private static void poison(MemorySegment segment) {
        for (long at = 0; at < segment.byteSize(); at += Integer.BYTES) {
            segment.set(ValueLayout.JAVA_INT, at, POISON);
        }
    }
}
