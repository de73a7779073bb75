package org.moelora.kernels.opencl;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Frozen;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Memory;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Owner;
import org.moelora.kernels.device.RehearsalDevice;

/** One OpenCL device: its memory, its queue and its kernels. */
final class OpenClDevice implements Device {
    private static final System.Logger LOG = System.getLogger(OpenClDevice.class.getName());

    private final String name;
    private final String description;
    private final int units;
    private final boolean strict;
    private final long memory;
    private final Commands commands;
    private final Programs programs;
    private final DevicePool pool;
    private final OpenClKernels kernels;

    /**
     * @param guard see {@link DevicePool}
     */
    OpenClDevice(Platforms.Listed listed, DeviceOptions options, long guard) {
        this.name = "opencl:" + listed.index();
        this.units = listed.units();
        this.memory = listed.memory();
        this.strict = options.poison() || "throw".equals(System.getProperty("moelora.leaks"));
        this.commands = new Commands(name, listed);
        this.pool = new DevicePool(commands, listed, options.poison(), guard);
        // A processor runs the items of a group one after the other, and needs no more of them than fill its vectors.
        int group = listed.gpu() ? 256 : 64;
        BinaryCache cache = BinaryCache.of(listed);
        this.programs = new Programs(commands, Math.min(group, Integer.highestOneBit(listed.group())), cache);
        Optional<Tiles.Tile> tuned = KeptTile.of(cache).read(listed);
        Tiles.Tile tile = tuned.orElse(Tiles.usual(listed.gpu()));
        this.description = name + ": " + listed.describe() + ", tiles of " + tile.text()
                + (tuned.isPresent() ? "" : " (not tuned: moelora devices --tune)");
        this.kernels = new OpenClKernels(commands, programs, listed, Tiles.of(tile, listed));
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
        return kernels.kernels();
    }

    /** Compute units. */
    int units() {
        return units;
    }

    Commands commands() {
        return commands;
    }

    Programs programs() {
        return programs;
    }

    @Override
    public Memory allocate(DType dtype, long length, Owner owner) {
        return pool.lease(dtype, length, owner);
    }

    @Override
    public Frozen freeze(MemorySegment source, DType dtype, int rows, int cols) {
        return new DeviceFrozen(commands, pool, source, dtype, rows, cols);
    }

    @Override
    public void write(float[] source, Memory target, long at) {
        DeviceMemory there = DeviceMemory.floats(target, at + source.length);
        ByteBuffer bytes = Commands.bytes(Math.multiplyExact(source.length, Float.BYTES));
        bytes.asFloatBuffer().put(source);
        commands.write(bytes, there.buffer(), place(there, at));
    }

    @Override
    public void write(int[] source, Memory target, long at) {
        DeviceMemory there = DeviceMemory.ints(target, at + source.length);
        ByteBuffer bytes = Commands.bytes(Math.multiplyExact(source.length, Integer.BYTES));
        bytes.asIntBuffer().put(source);
        commands.write(bytes, there.buffer(), place(there, at));
    }

    @Override
    public void read(Memory source, long at, float[] target) {
        DeviceMemory there = DeviceMemory.floats(source, at + target.length);
        ByteBuffer bytes = Commands.bytes(Math.multiplyExact(target.length, Float.BYTES));
        commands.read(there.buffer(), place(there, at), bytes);
        bytes.asFloatBuffer().get(target);
    }

    @Override
    public void read(Memory source, long at, int[] target) {
        DeviceMemory there = DeviceMemory.ints(source, at + target.length);
        ByteBuffer bytes = Commands.bytes(Math.multiplyExact(target.length, Integer.BYTES));
        commands.read(there.buffer(), place(there, at), bytes);
        bytes.asIntBuffer().get(target);
    }

    /** Byte of an element in its buffer; both formats have four bytes. */
    private static long place(DeviceMemory memory, long at) {
        if (at < 0) {
            throw new IndexOutOfBoundsException("element " + at);
        }
        return (memory.offset() + at) * Integer.BYTES;
    }

    @Override
    public MemoryUse memoryUse() {
        return pool.use();
    }

    @Override
    public OptionalLong ownMemory() {
        return OptionalLong.of(memory);
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
        MemoryUse left;
        synchronized (this) {
            if (pool.isClosed()) {
                return;
            }
            commands.finish();
            kernels.close();
            programs.close();
            left = pool.close();
            commands.close();
        }
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
