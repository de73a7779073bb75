/** OpenCL devices, found through ServiceLoader. A program without this module has no OpenCL, and no other module depends on JOCL. */
@SuppressWarnings({"requires-automatic", "module"}) // JOCL has no descriptor of its own.
module org.moelora.kernels.opencl {
    requires static transitive org.jspecify;
    requires transitive org.moelora.kernels;
    requires jocl;

    provides org.moelora.kernels.DeviceProvider with
            org.moelora.kernels.opencl.OpenClProvider;
}
