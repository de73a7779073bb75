package org.moelora.kernels.opencl;

import static org.jocl.CL.clSetKernelArg;

import java.util.ArrayList;
import java.util.List;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.moelora.kernels.Sink;

/** One start of a kernel: arguments in the order of its parameters, then the range. */
final class Launch {
    /** As in {@code common.cl}. */
    static final int ACROSS = 32;

    private record Argument(long size, Pointer value) {}

    private final Commands commands;
    private final Programs.Kernel kernel;
    private final List<Argument> arguments = new ArrayList<>();
    private int sinks;
    private int absent;

    Launch(Commands commands, Programs.Kernel kernel) {
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
        arguments.add(new Argument(Sizeof.cl_mem, Pointer.to(buffer)));
        return this;
    }

    Launch arg(long value) {
        arguments.add(new Argument(Sizeof.cl_long, Pointer.to(new long[] {value})));
        return this;
    }

    Launch arg(int value) {
        arguments.add(new Argument(Sizeof.cl_int, Pointer.to(new int[] {value})));
        return this;
    }

    Launch arg(float value) {
        arguments.add(new Argument(Sizeof.cl_float, Pointer.to(new float[] {value})));
        return this;
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

    void setArguments(cl_kernel target) {
        for (int i = 0; i < arguments.size(); i++) {
            clSetKernelArg(target, i, arguments.get(i).size, arguments.get(i).value);
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
