package org.moelora.kernels.opencl;

import static org.jocl.CL.clReleaseMemObject;

import org.jocl.cl_mem;
import org.moelora.kernels.Sink;

/** Room for the sums of groups, between the two steps of a sum over everything. One for a device: its queue runs one sum after the other. */
final class Partials implements AutoCloseable {
    /** Groups of a first step: enough to fill a card, few enough to add up in one group. */
    static final int GROUPS = 256;

    private final Commands commands;
    private final Programs programs;
    private final cl_mem buffer;

    Partials(Commands commands, Programs programs) {
        this.commands = commands;
        this.programs = programs;
        this.buffer = commands.allocate((long) GROUPS * Float.BYTES);
    }

    cl_mem buffer() {
        return buffer;
    }

    /** Groups that n elements are worth. */
    int groups(long n) {
        long whole = (n + programs.group() - 1) / programs.group();
        return Math.clamp(whole, 1, GROUPS);
    }

    /** {@code out_0 (+)= scale * } the sum of what the groups left. */
    void addUp(int groups, float scale, Sink out) {
        new Launch(commands, programs.kernel("rows", "sumOfSums"))
                .arg(groups)
                .arg(buffer)
                .arg(scale)
                .arg(out, 1)
                .groups(1);
    }

    @Override
    public void close() {
        clReleaseMemObject(buffer);
    }
}
