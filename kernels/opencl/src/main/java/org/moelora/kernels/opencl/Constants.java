package org.moelora.kernels.opencl;

import static org.jocl.CL.clReleaseMemObject;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jocl.cl_mem;

/**
 * Small arrays that the host gives kernels again and again, such as where sequences begin: uploaded when they are new, kept while they are used. A user holds
 * this object's monitor until the kernel that reads it has been enqueued; from then on OpenCL keeps what is evicted until the kernel is through.
 */
final class Constants implements AutoCloseable {
    private static final int MOST = 32;

    private final Commands commands;
    private final Map<ByteBuffer, cl_mem> kept = new LinkedHashMap<>(16, 0.75f, true);

    Constants(Commands commands) {
        this.commands = commands;
    }

    cl_mem ints(int[] values) {
        ByteBuffer bytes = Commands.bytes(Math.max(1, values.length) * Integer.BYTES);
        bytes.asIntBuffer().put(values);
        return of(bytes);
    }

    cl_mem longs(long[] values) {
        ByteBuffer bytes = Commands.bytes(Math.max(1, values.length) * Long.BYTES);
        bytes.asLongBuffer().put(values);
        return of(bytes);
    }

    private synchronized cl_mem of(ByteBuffer bytes) {
        cl_mem known = kept.get(bytes);
        if (known == null) {
            if (kept.size() >= MOST) {
                Iterator<cl_mem> oldest = kept.values().iterator();
                clReleaseMemObject(oldest.next());
                oldest.remove();
            }
            known = commands.allocate(bytes.capacity());
            commands.write(bytes.duplicate().order(bytes.order()), known, 0);
            kept.put(bytes, known);
        }
        return known;
    }

    @Override
    public synchronized void close() {
        kept.values().forEach(buffer -> clReleaseMemObject(buffer));
        kept.clear();
    }
}
