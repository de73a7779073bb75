package org.moelora.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.LongFunction;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Memory;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Owner;
import org.moelora.kernels.device.RehearsalDevice;

/** The CPU: native memory, worker threads, and one of the two sets of kernels. Every call is finished when it returns. */
final class CpuDevice implements Device {
    private static final System.Logger LOG = System.getLogger(CpuDevice.class.getName());

    private final String name;
    private final String description;
    private final SlabPool pool;
    private final Workers workers;
    private final Kernels kernels;
    private final boolean prepack;
    private final boolean strict;

    /** Makes kernels that run on a device's threads. */
    @FunctionalInterface
    interface Factory {
        Kernels on(Workers workers, Buffers buffers);
    }

    CpuDevice(String name, String what, int threads, DeviceOptions options, Factory factory) {
        this.name = name;
        this.description = name + ": " + what + ", " + threads + (threads == 1 ? " thread" : " threads");
        this.strict = options.poison() || "throw".equals(System.getProperty("moelora.leaks"));
        this.pool = new SlabPool(name, options.poison());
        this.prepack = options.prepack();
        this.workers = new Workers(threads);
        this.kernels = factory.on(workers, pool::buffer);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public Memory allocate(DType dtype, long length, Owner owner) {
        return pool.lease(dtype, length, owner);
    }

    @Override
    public Frozen freeze(MemorySegment source, DType dtype, int rows, int cols) {
        LongFunction<HostMemory> packs = prepack ? length -> pool.lease(DType.F32, length, Owner.MODEL) : null;
        return new HostFrozen(source, dtype, rows, cols, packs);
    }

    @Override
    public void write(float[] source, Memory target, long at) {
        MemorySegment bytes = HostMemory.floats(target, at + source.length);
        MemorySegment.copy(source, 0, bytes, ValueLayout.JAVA_FLOAT, at * Float.BYTES, source.length);
    }

    @Override
    public void write(int[] source, Memory target, long at) {
        MemorySegment bytes = HostMemory.ints(target, at + source.length);
        MemorySegment.copy(source, 0, bytes, ValueLayout.JAVA_INT, at * Integer.BYTES, source.length);
    }

    @Override
    public void read(Memory source, long at, float[] target) {
        MemorySegment bytes = HostMemory.floats(source, at + target.length);
        MemorySegment.copy(bytes, ValueLayout.JAVA_FLOAT, at * Float.BYTES, target, 0, target.length);
    }

    @Override
    public void read(Memory source, long at, int[] target) {
        MemorySegment bytes = HostMemory.ints(source, at + target.length);
        MemorySegment.copy(bytes, ValueLayout.JAVA_INT, at * Integer.BYTES, target, 0, target.length);
    }

    @Override
    public MemoryUse memoryUse() {
        return pool.use();
    }

    @Override
    public Device rehearsal() {
        return new RehearsalDevice(this, pool.rehearsal());
    }

    @Override
    public void trim() {
        pool.trim();
    }

    @Override
    public void resetPeak() {
        pool.resetPeak();
    }

    @Override
    public void close() {
        workers.close();
        MemoryUse left = pool.close();
        if (left.total() > 0) {
            String message =
                    description + " is closed with memory still leased, which has to be closed first: " + left.leased();
            if (strict) {
                throw new IllegalStateException(message);
            }
            LOG.log(System.Logger.Level.WARNING, message);
        }
    }

    @Override
    public String toString() {
        return description;
    }
}
