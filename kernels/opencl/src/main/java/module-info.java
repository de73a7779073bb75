/** OpenCL devices. Found through ServiceLoader: who does not add this module has none of it, and none but this module sees JOCL. */
@SuppressWarnings({"requires-automatic", "module"}) // JOCL has no descriptor of its own.
module org.moelora.kernels.opencl {
    requires static transitive org.jspecify;
    requires transitive org.moelora.kernels;
    requires jocl;

    provides org.moelora.kernels.DeviceProvider with
            org.moelora.kernels.opencl.OpenClProvider;
}
