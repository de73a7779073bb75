package org.moelora.kernels.opencl;

import java.util.Arrays;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Sink;

/** One start of a kernel: arguments in the order of its parameters, then the range. */
final class Launch {
    /** As in {@code common.cl}. */
    static final int ACROSS = 32;

    private final Commands commands;
    private final Kernel kernel;

    /** Of each argument a buffer, or the bytes of a number and how many there are. */
    private @Nullable cl_mem[] buffers = new cl_mem[24];

    private long[] numbers = new long[24];
    private int[] sizes = new int[24];
    private int count;
    private int sinks;
    private int absent;

    Launch(Commands commands, Kernel kernel) {
        this.commands = commands;
        this.kernel = kernel;
    }

    /** What it is called in messages. */
    String what() {
        return kernel.name();
    }

    /** A span: {@code ARG(type, name)}, a buffer and where in it, in elements, the span begins. */
    Launch arg(DeviceMemory memory) {
        return arg(memory.buffer()).arg(memory.offset());
    }

    Launch arg(cl_mem buffer) {
        int index = next();
        buffers[index] = buffer;
        return this;
    }

    Launch arg(long value) {
        return number(Long.BYTES, value);
    }

    Launch arg(int value) {
        return number(Integer.BYTES, value);
    }

    Launch arg(float value) {
        return number(Float.BYTES, Float.floatToRawIntBits(value));
    }

    private Launch number(int size, long value) {
        int index = next();
        sizes[index] = size;
        numbers[index] = value;
        return this;
    }

    private int next() {
        if (count == sizes.length) {
            buffers = Arrays.copyOf(buffers, 2 * count);
            numbers = Arrays.copyOf(numbers, 2 * count);
            sizes = Arrays.copyOf(sizes, 2 * count);
        }
        return count++;
    }

    Launch arg(boolean value) {
        return arg(value ? 1 : 0);
    }

    /** A sink: a span and a mode, 1 to add, 0 to overwrite and -1 to leave alone. With absent sinks alone nothing is started. */
    Launch arg(Sink sink, long length) {
        sinks++;
        if (sink.isAbsent()) {
            absent++;
            return arg(commands.faults()).arg(0L).arg(-1);
        }
        return arg(DeviceMemory.floats(sink.memory(), length)).arg(sink.adds());
    }

    void setArguments() {
        for (int i = 0; i < count; i++) {
            cl_mem buffer = buffers[i];
            if (buffer != null) {
                kernel.set(i, buffer);
            } else {
                kernel.set(i, sizes[i], numbers[i]);
            }
        }
    }

    /** One work-item for each of n, in groups of the usual size; those beyond n have nothing to do. */
    void items(long n) {
        groups((n + kernel.group() - 1) / kernel.group());
    }

    /** One band of a group, {@code ACROSS} items, for each of n. */
    void bands(long n) {
        int bands = kernel.group() / Math.min(ACROSS, kernel.group());
        groups(Math.ceilDiv(n, bands));
    }

    /** So many groups of the usual size. */
    void groups(long count) {
        if (count > 0) {
            run(new long[] {count * kernel.group()}, new long[] {kernel.group()});
        }
    }

    /** Any range; nothing for an empty one. */
    void run(long[] global, long[] local) {
        if (sinks > 0 && absent == sinks) {
            return;
        }
        for (long size : global) {
            if (size == 0) {
                return;
            }
        }
        commands.run(this, kernel.handle(), global, local);
    }
}
