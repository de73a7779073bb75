package org.moelora.kernels.opencl;

import static org.jocl.CL.clReleaseMemObject;

import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/**
 * Room that kernels need between two of their steps, one for a device, as large as the largest call so far; not leased, so not accounted to anyone. A user holds its
 * monitor until the last of the steps has been enqueued: the queue then runs one user after the other.
 */
final class Scratch implements AutoCloseable {
    private final Commands commands;
    private @Nullable cl_mem buffer;
    private long capacity;

    Scratch(Commands commands) {
        this.commands = commands;
    }

    /** At least so many floats with undefined contents. */
    cl_mem floats(long count) {
        long bytes = Math.max(1, count) * Float.BYTES;
        cl_mem room = buffer;
        if (room == null || bytes > capacity) {
            close();
            room = commands.allocate(bytes);
            buffer = room;
            capacity = bytes;
        }
        return room;
    }

    @Override
    public void close() {
        if (buffer != null) {
            clReleaseMemObject(buffer);
            buffer = null;
            capacity = 0;
        }
    }
}
