package org.moelora.kernels.opencl;

import org.jocl.CL;
import org.jocl.CLException;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.kernels.Owner;

/** What OpenCL's errors mean to a caller. */
final class Fault {
    private Fault() {}

    /** Whether the device had no room. */
    static boolean isMemory(CLException e) {
        return switch (e.getStatus()) {
            case CL.CL_MEM_OBJECT_ALLOCATION_FAILURE,
                    CL.CL_OUT_OF_RESOURCES,
                    CL.CL_OUT_OF_HOST_MEMORY,
                    CL.CL_INVALID_BUFFER_SIZE -> true;
            default -> false;
        };
    }

    /** The same as an exception of ours: no room, or a device that does not go on. */
    static RuntimeException of(String device, String doing, CLException e) {
        if (isMemory(e)) {
            return memory(device, null, 0, -1, doing, e);
        }
        return new IllegalStateException(
                device + " failed while " + doing + " (" + CL.stringFor_errorCode(e.getStatus())
                        + "); expected a device that answers: start again, or use --device cpu",
                e);
    }

    /** What an owner asked for and the device does not have. */
    static OutOfDeviceMemoryException memory(
            String device, @Nullable Owner owner, long bytes, long limit, String doing, @Nullable CLException cause) {
        String message = device + " has no memory left for " + doing
                + "; expected a smaller --batch-size or --max-length, or --recompute, or --device cpu";
        return new OutOfDeviceMemoryException(device, owner, bytes, limit, message, cause);
    }
}
