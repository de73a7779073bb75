package org.moelora.kernels.opencl;

import static org.jocl.CL.clReleaseKernel;
import static org.jocl.CL.clSetKernelArg;

import java.util.Arrays;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/**
 * A kernel and the arguments it has. Those stay from one start to the next, and handing one over takes about as long as starting a kernel that is small,
 * so what a kernel has already is not handed to it again. {@link Commands} alone sets arguments, under its monitor.
 */
final class Kernel {
    private final String name;
    private final cl_kernel handle;
    private final int group;
    private long[] bits = new long[16];
    private @Nullable cl_mem[] buffers = new cl_mem[16];
    private boolean[] known = new boolean[16];

    /**
     * @param name of its function
     * @param group work-items of a group
     */
    Kernel(String name, cl_kernel handle, int group) {
        this.name = name;
        this.handle = handle;
        this.group = group;
    }

    String name() {
        return name;
    }

    cl_kernel handle() {
        return handle;
    }

    int group() {
        return group;
    }

    void set(int index, cl_mem buffer) {
        if (isNew(index, 0, buffer)) {
            clSetKernelArg(handle, index, Sizeof.cl_mem, Pointer.to(buffer));
            remember(index, 0, buffer);
        }
    }

    /** A number of 4 or 8 bytes, as the lower bytes of {@code value}. */
    void set(int index, int size, long value) {
        if (isNew(index, value, null)) {
            Pointer number =
                    size == Integer.BYTES ? Pointer.to(new int[] {(int) value}) : Pointer.to(new long[] {value});
            clSetKernelArg(handle, index, size, number);
            remember(index, value, null);
        }
    }

    // Equal handles are not enough: a buffer that was released may have been followed by another at its address.
    @SuppressWarnings("ReferenceEquality")
    private boolean isNew(int index, long value, @Nullable cl_mem buffer) {
        return index >= known.length || !known[index] || bits[index] != value || buffers[index] != buffer;
    }

    /** Only after it was handed over, which can fail. */
    private void remember(int index, long value, @Nullable cl_mem buffer) {
        if (index >= known.length) {
            bits = Arrays.copyOf(bits, 2 * index);
            buffers = Arrays.copyOf(buffers, 2 * index);
            known = Arrays.copyOf(known, 2 * index);
        }
        bits[index] = value;
        buffers[index] = buffer;
        known[index] = true;
    }

    void release() {
        clReleaseKernel(handle);
    }
}
