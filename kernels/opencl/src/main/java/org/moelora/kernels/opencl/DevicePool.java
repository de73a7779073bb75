package org.moelora.kernels.opencl;

import static org.jocl.CL.clReleaseMemObject;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jocl.CLException;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.DType;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Owner;
import org.moelora.kernels.device.Slabs;
import org.moelora.kernels.device.Spans;

/**
 * Device memory for leases, in a few buffers that live as long as the pool. {@link Slabs} says which lease goes where. As the queue runs in order, memory that is
 * freed may be leased again at once: what still reads it runs before what then writes it.
 */
final class DevicePool {
    private static final int POISON = 0x7FC0DEAD;

    private final Commands commands;
    private final Platforms.Listed device;
    private final boolean poison;
    private final long guard;
    private final Slabs slabs = new Slabs();
    private final List<@Nullable cl_mem> buffers = new ArrayList<>();
    private volatile boolean closed;

    /**
     * @param poison whether leases are filled with NaN when they begin and end
     * @param guard bytes of NaN before and after each lease that must still be there when it ends, a multiple of {@link Slabs#ALIGNMENT}; for tests
     */
    DevicePool(Commands commands, Platforms.Listed device, boolean poison, long guard) {
        this.commands = commands;
        this.device = device;
        this.poison = poison;
        this.guard = guard;
    }

    synchronized DeviceMemory lease(DType dtype, long length, Owner owner) {
        long bytes = Spans.bytes(dtype, length);
        DeviceMemory.Lease lease = lease(bytes, owner);
        return new DeviceMemory(lease, dtype, (lease.range.from() + guard) / dtype.bytes(), length);
    }

    /** Bytes without a format: a weight's. They begin at {@link #from}. */
    synchronized DeviceMemory.Lease lease(long bytes, Owner owner) {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
        Slabs.Range range = slabs.lease(bytes + 2 * guard, owner, more -> buffers.add(buffer(more, bytes, owner)));
        cl_mem buffer = Objects.requireNonNull(buffers.get(range.slab()));
        if (poison || guard > 0) {
            commands.fill(buffer, range.from(), range.bytes(), POISON);
        }
        return new DeviceMemory.Lease(this, range, buffer, bytes);
    }

    /** First byte of a lease in its buffer. */
    long from(DeviceMemory.Lease lease) {
        return lease.range.from() + guard;
    }

    private cl_mem buffer(long bytes, long asked, Owner owner) {
        long reserved = slabs.use().reserved();
        @Nullable CLException refused = null;
        if (bytes <= device.largest() && reserved + bytes <= device.memory()) {
            try {
                return commands.allocate(bytes);
            } catch (CLException e) {
                if (!Fault.isMemory(e)) {
                    throw Fault.of(commands.name(), "leasing memory", e);
                }
                refused = e;
            }
        }
        throw Fault.memory(
                commands.name(),
                owner,
                asked,
                device.memory(),
                asked + " bytes of " + owner + " beside " + slabs.use().leased() + " (it has " + (device.memory() >> 20)
                        + " MiB, at most " + (device.largest() >> 20) + " of them together)",
                refused);
    }

    synchronized void free(DeviceMemory.Lease lease) {
        if (!lease.open) {
            return;
        }
        lease.open = false;
        if (closed) {
            return;
        }
        try {
            checkGuards(lease);
        } finally {
            if (poison) {
                commands.fill(lease.buffer, lease.range.from(), lease.range.bytes(), POISON);
            }
            slabs.free(lease.range);
        }
    }

    private void checkGuards(DeviceMemory.Lease lease) {
        if (guard == 0) {
            return;
        }
        long first = lease.range.from();
        long behind = first + guard + lease.bytes;
        checkGuard(lease, "before", first, guard);
        checkGuard(lease, "after", behind, first + lease.range.bytes() - behind);
    }

    private void checkGuard(DeviceMemory.Lease lease, String where, long from, long bytes) {
        ByteBuffer pattern = Commands.bytes(Integer.BYTES).putInt(0, POISON);
        ByteBuffer found = Commands.bytes((int) bytes);
        commands.read(lease.buffer, from, found);
        for (int i = 0; i < bytes; i++) {
            if (found.get(i) != pattern.get((int) ((from + i) % Integer.BYTES))) {
                throw new IllegalStateException("a kernel wrote beside the memory it was given, byte " + i
                        + " of those " + where + " a lease of " + lease.bytes + " bytes");
            }
        }
    }

    synchronized MemoryUse use() {
        return slabs.use();
    }

    /** Frees buffers in which nothing is leased; the driver keeps each until what was asked of it is done. */
    synchronized void trim() {
        if (!closed) {
            slabs.trim(number -> clReleaseMemObject(Objects.requireNonNull(buffers.set(number, null))));
        }
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
     * Ends all leases and frees everything.
     *
     * @return what was leased at that moment; nothing if it was closed before
     */
    synchronized MemoryUse close() {
        if (closed) {
            return new MemoryUse(Map.of(), Map.of(), 0);
        }
        closed = true;
        buffers.stream().filter(Objects::nonNull).forEach(buffer -> clReleaseMemObject(buffer));
        buffers.clear();
        return slabs.use();
    }
}
