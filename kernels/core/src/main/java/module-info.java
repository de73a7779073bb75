/**
 * Numbers in, numbers out: what a device can do, in plain Java and in the Vector API.
 *
 * <p>The module requires the incubating vector module, so programs on the module path get the fast kernels without a flag.
 */
@SuppressWarnings("module") // The other back end is compiled after this.
module org.moelora.kernels {
    requires static transitive org.jspecify;
    requires jdk.incubator.vector;
    // For the JVM's flags; without it they are not looked at.
    requires static jdk.management;

    exports org.moelora.kernels;
    exports org.moelora.kernels.device to
            org.moelora.kernels.opencl;

    uses org.moelora.kernels.DeviceProvider;
}
