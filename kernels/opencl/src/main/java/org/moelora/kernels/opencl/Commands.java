package org.moelora.kernels.opencl;

import static org.jocl.CL.CL_MEM_READ_WRITE;
import static org.jocl.CL.clCreateBuffer;
import static org.jocl.CL.clCreateCommandQueue;
import static org.jocl.CL.clCreateContext;
import static org.jocl.CL.clEnqueueFillBuffer;
import static org.jocl.CL.clEnqueueNDRangeKernel;
import static org.jocl.CL.clEnqueueReadBuffer;
import static org.jocl.CL.clEnqueueWriteBuffer;
import static org.jocl.CL.clFinish;
import static org.jocl.CL.clReleaseCommandQueue;
import static org.jocl.CL.clReleaseContext;
import static org.jocl.CL.clReleaseMemObject;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;

/**
 * The one in-order queue of a device. Kernels and uploads return at once and run in the order they came; only {@link #read} waits. Safe for use by
 * several threads: arguments and launch of a kernel are one step.
 *
 * <p>Indices are only seen on the device: a kernel that meets one outside its table sets {@link #faults}, and the next read throws.
 */
final class Commands implements AutoCloseable {
    /** Uploads that have not surely arrived are kept up to this many bytes; then the queue is waited for. */
    private static final long MOST_STAGED = 64L << 20;

    private final String name;
    private final cl_device_id device;
    private final cl_context context;
    private final cl_command_queue queue;
    private final cl_mem faults;
    private final ByteBuffer fault = bytes(Integer.BYTES);
    private final List<ByteBuffer> staged = new ArrayList<>();
    private long stagedBytes;
    private boolean closed;

    private long uploads;
    private long uploadedBytes;
    private long downloads;
    private long downloadedBytes;

    @SuppressWarnings("deprecation") // What came in its place is not there before OpenCL 2.0.
    Commands(String name, Platforms.Listed listed) {
        this.name = name;
        this.device = listed.device();
        cl_context_properties properties = new cl_context_properties();
        properties.addProperty(org.jocl.CL.CL_CONTEXT_PLATFORM, listed.platform());
        try {
            this.context = clCreateContext(properties, 1, new cl_device_id[] {device}, null, null, null);
            this.queue = clCreateCommandQueue(context, device, 0, null);
            this.faults = clCreateBuffer(context, CL_MEM_READ_WRITE, Integer.BYTES, null, null);
            fill(faults, 0, Integer.BYTES, 0);
        } catch (CLException e) {
            throw Fault.of(name, "opening it", e);
        }
    }

    static ByteBuffer bytes(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    cl_context context() {
        return context;
    }

    cl_device_id device() {
        return device;
    }

    String name() {
        return name;
    }

    /** Where kernels say that an index was outside its table. */
    cl_mem faults() {
        return faults;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the device is closed");
        }
    }

    /**
     * A buffer of its own, which is filled, as drivers take the memory only when it is used first.
     *
     * @throws CLException if there is no room
     */
    synchronized cl_mem allocate(long bytes) {
        checkOpen();
        cl_mem buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, null, null);
        try {
            fill(buffer, 0, bytes, 0);
        } catch (CLException e) {
            clReleaseMemObject(buffer);
            throw e;
        }
        return buffer;
    }

    /** Sets bytes, a multiple of 4 from a multiple of 4 on, to a pattern. */
    synchronized void fill(cl_mem buffer, long from, long bytes, int pattern) {
        if (bytes > 0) {
            clEnqueueFillBuffer(
                    queue, buffer, Pointer.to(new int[] {pattern}), Integer.BYTES, from, bytes, 0, null, null);
        }
    }

    /** Copies bytes to the device, which may read them later: they are kept until they have surely arrived. */
    synchronized void write(ByteBuffer source, cl_mem target, long at) {
        checkOpen();
        if (source.remaining() == 0) {
            return;
        }
        try {
            clEnqueueWriteBuffer(queue, target, false, at, source.remaining(), Pointer.toBuffer(source), 0, null, null);
            uploads++;
            uploadedBytes += source.remaining();
            staged.add(source);
            stagedBytes += source.remaining();
            if (stagedBytes > MOST_STAGED) {
                clFinish(queue);
                arrived();
            }
        } catch (CLException e) {
            throw Fault.of(name, "copying to it", e);
        }
    }

    private void arrived() {
        staged.clear();
        stagedBytes = 0;
    }

    /**
     * Copies bytes from the device, after all that was asked of it before.
     *
     * @throws IndexOutOfBoundsException if a kernel met an index outside its table since the last time
     */
    synchronized void read(cl_mem source, long at, ByteBuffer target) {
        checkOpen();
        try {
            clEnqueueReadBuffer(queue, faults, false, 0, Integer.BYTES, Pointer.toBuffer(fault), 0, null, null);
            if (target.remaining() == 0) {
                clFinish(queue);
            } else {
                clEnqueueReadBuffer(
                        queue, source, true, at, target.remaining(), Pointer.toBuffer(target), 0, null, null);
            }
            downloads++;
            downloadedBytes += target.remaining();
            arrived();
            if (fault.getInt(0) != 0) {
                fill(faults, 0, Integer.BYTES, 0);
                throw new IndexOutOfBoundsException("an index in device memory is outside the table it is for");
            }
        } catch (CLException e) {
            throw Fault.of(name, "copying from it", e);
        }
    }

    /** Sets the arguments of a kernel and starts it. */
    synchronized void run(Launch launch, cl_kernel kernel, long[] global, long[] local) {
        checkOpen();
        try {
            launch.setArguments();
            clEnqueueNDRangeKernel(queue, kernel, global.length, null, global, local, 0, null, null);
        } catch (CLException e) {
            throw Fault.of(name, "running " + launch.what(), e);
        }
    }

    /** Waits for everything. */
    synchronized void finish() {
        checkOpen();
        clFinish(queue);
        arrived();
    }

    /** Copies so far: to the device, their bytes, from the device, their bytes. */
    synchronized long[] transfers() {
        return new long[] {uploads, uploadedBytes, downloads, downloadedBytes};
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        clFinish(queue);
        closed = true;
        arrived();
        clReleaseMemObject(faults);
        clReleaseCommandQueue(queue);
        clReleaseContext(context);
    }
}
