package org.moelora.kernels.opencl;

import static org.jocl.CL.CL_DEVICE_TYPE_ALL;
import static org.jocl.CL.clGetDeviceIDs;
import static org.jocl.CL.clGetDeviceInfo;
import static org.jocl.CL.clGetPlatformIDs;
import static org.jocl.CL.clGetPlatformInfo;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/** The OpenCL devices of this machine. Asked once for a process, as loading a library that is not there costs time and lines on the console. */
final class Platforms {
    /** What an installation needs. */
    private static final String REMEDY =
            "install the graphics card's driver, or pocl-opencl-icd and ocl-icd-libopencl1 for OpenCL on the processor";

    /**
     * One device.
     *
     * @param index in the order of the platforms
     * @param gpu whether it is a graphics card
     */
    record Listed(
            int index,
            cl_platform_id platform,
            cl_device_id device,
            String platformName,
            String name,
            String driver,
            String version,
            String extensions,
            boolean gpu,
            long memory,
            long largest,
            long localMemory,
            int group,
            int units) {
        boolean has(String extension) {
            return (" " + extensions + " ").contains(" " + extension + " ");
        }

        /** Platform, device, memory, driver, version and what is missing, in one line. */
        String describe() {
            List<String> missing = new ArrayList<>();
            for (String extension : List.of("cl_khr_fp16", "cl_khr_subgroups", "cl_khr_fp64")) {
                if (!has(extension)) {
                    missing.add(extension.substring("cl_khr_".length()));
                }
            }
            return name + " on " + platformName + ", " + (memory >> 20) + " MiB, " + units + " units, driver " + driver
                    + ", " + version + (missing.isEmpty() ? "" : ", without " + String.join(", ", missing));
        }
    }

    /**
     * What was found.
     *
     * @param problem why there is none; empty if there are some
     */
    record Answer(List<Listed> devices, String problem) {}

    private static final class Once {
        private static final Answer ANSWER = ask();
    }

    private Platforms() {}

    static Answer answer() {
        return Once.ANSWER;
    }

    private static Answer ask() {
        try {
            CL.setExceptionsEnabled(true);
            List<Listed> found = devices();
            return new Answer(found, found.isEmpty() ? "OpenCL is installed, and has no device: " + REMEDY : "");
        } catch (CLException e) {
            return new Answer(List.of(), "OpenCL has no driver (" + e.getMessage() + "): " + REMEDY);
        } catch (LinkageError e) {
            return new Answer(List.of(), "there is no OpenCL library: " + REMEDY);
        }
    }

    private static List<Listed> devices() {
        int[] count = new int[1];
        clGetPlatformIDs(0, null, count);
        cl_platform_id[] platforms = new cl_platform_id[count[0]];
        clGetPlatformIDs(platforms.length, platforms, null);
        List<Listed> all = new ArrayList<>();
        for (cl_platform_id platform : platforms) {
            cl_device_id[] devices;
            try {
                clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, null, count);
                devices = new cl_device_id[count[0]];
                clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, devices.length, devices, null);
            } catch (CLException e) {
                if (e.getStatus() == CL.CL_DEVICE_NOT_FOUND) {
                    continue;
                }
                throw e;
            }
            for (cl_device_id device : devices) {
                all.add(listed(all.size(), platform, device));
            }
        }
        return List.copyOf(all);
    }

    private static Listed listed(int index, cl_platform_id platform, cl_device_id device) {
        return new Listed(
                index,
                platform,
                device,
                platformText(platform),
                text(device, CL.CL_DEVICE_NAME),
                text(device, CL.CL_DRIVER_VERSION),
                text(device, CL.CL_DEVICE_OPENCL_C_VERSION),
                text(device, CL.CL_DEVICE_EXTENSIONS),
                (number(device, CL.CL_DEVICE_TYPE) & CL.CL_DEVICE_TYPE_GPU) != 0,
                number(device, CL.CL_DEVICE_GLOBAL_MEM_SIZE),
                number(device, CL.CL_DEVICE_MAX_MEM_ALLOC_SIZE),
                number(device, CL.CL_DEVICE_LOCAL_MEM_SIZE),
                (int) Math.min(1 << 16, number(device, CL.CL_DEVICE_MAX_WORK_GROUP_SIZE)),
                (int) number(device, CL.CL_DEVICE_MAX_COMPUTE_UNITS));
    }

    /** Integers of 32 bits leave the upper half as it is, which is zero. */
    private static long number(cl_device_id device, int what) {
        long[] value = new long[1];
        long[] size = new long[1];
        clGetDeviceInfo(device, what, 0, null, size);
        clGetDeviceInfo(device, what, size[0], Pointer.to(value), null);
        return value[0];
    }

    private static String text(cl_device_id device, int what) {
        long[] size = new long[1];
        clGetDeviceInfo(device, what, 0, null, size);
        byte[] text = new byte[(int) size[0]];
        clGetDeviceInfo(device, what, text.length, Pointer.to(text), null);
        return text(text);
    }

    private static String platformText(cl_platform_id platform) {
        long[] size = new long[1];
        clGetPlatformInfo(platform, CL.CL_PLATFORM_NAME, 0, null, size);
        byte[] text = new byte[(int) size[0]];
        clGetPlatformInfo(platform, CL.CL_PLATFORM_NAME, text.length, Pointer.to(text), null);
        return text(text);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8).replace("\0", "").strip();
    }
}
