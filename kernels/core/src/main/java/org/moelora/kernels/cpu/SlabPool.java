package org.moelora.kernels.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Owner;

/**
 * Native memory in reusable blocks. Block sizes are rounded up so that at most an eighth is wasted; a block that is given
 * back serves the next lease of its size. Small blocks are cut from slabs. An arena per lease would cost a
 * handshake of all threads whenever one is closed, so arenas live as long as the pool.
 */
final class SlabPool {
    private static final long ALIGNMENT = 64;
    private static final long SLAB_BYTES = 4L << 20;
    private static final int POISON = 0x7FC0DEAD;

    record Block(MemorySegment segment, long bytes) {}

    private final boolean poison;
    private final Arena arena = Arena.ofShared();
    private final Map<Long, ArrayDeque<Block>> free = new HashMap<>();
    private final EnumMap<Owner, Long> use = new EnumMap<>(Owner.class);
    private @Nullable MemorySegment slab;
    private long slabUsed;
    private long total;
    private long peak;
    private boolean closed;

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
        ArrayDeque<Block> list = free.get(bytes);
        Block block = list == null ? null : list.poll();
        if (block == null) {
            block = fresh(bytes);
        }
        if (poison) {
            poison(block.segment());
        }
        use.merge(owner, bytes, Long::sum);
        total += bytes;
        peak = Math.max(peak, total);
        return new HostMemory(new HostMemory.Lease(this, block, owner), dtype, length);
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
        use.merge(lease.owner, -block.bytes(), Long::sum);
        total -= block.bytes();
        free.computeIfAbsent(block.bytes(), k -> new ArrayDeque<>()).push(block);
    }

    synchronized MemoryUse use() {
        return new MemoryUse(use, peak);
    }

    synchronized void resetPeak() {
        peak = total;
    }

    synchronized void close() {
        if (!closed) {
            closed = true;
            free.clear();
            arena.close();
        }
    }

    /** The next size of the form (8 .. 15) * 2^n, at least {@link #ALIGNMENT}. */
    static long rounded(long bytes) {
        if (bytes <= 8 * ALIGNMENT) {
            return Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        }
        long unit = Long.highestOneBit(bytes - 1) >> 3;
        return (bytes + unit - 1) / unit * unit;
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
