package org.moelora.engine;

import java.util.ArrayDeque;
import java.util.Deque;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/**
 * Several leases of one owner that are closed together. What needs more than one takes them from here: where
 * a later one throws, the earlier ones are freed. Used by one thread.
 */
public final class Leases implements AutoCloseable {
    private final Device device;
    private final Owner owner;
    private final Deque<Memory> open = new ArrayDeque<>();

    public Leases(Device device, Owner owner) {
        this.device = device;
        this.owner = owner;
    }

    /**
     * One more, of F32 elements with undefined values. If there is no room for it, all before it are freed.
     *
     * @throws org.moelora.kernels.OutOfDeviceMemoryException if the device does not have enough memory
     */
    public Memory floats(long length) {
        try {
            Memory memory = device.allocate(DType.F32, length, owner);
            open.push(memory);
            return memory;
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** One more, all zero; throws as {@link #floats}. */
    public Memory zeros(long length) {
        Memory memory = floats(length);
        try {
            device.kernels().elementwise().fill(memory, 0);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
        return memory;
    }

    /** Gives all of them back; closing twice does nothing. */
    @Override
    public void close() {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }
}
