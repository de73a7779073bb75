package org.moelora.kernels.cpu;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Whether this JVM makes vector instructions of the Vector API. Only HotSpot's C2 compiler does: elsewhere every vector is an object, and kernels
 * made of them are far slower than plain loops.
 */
final class VectorApi {
    static final String MODULE = "jdk.incubator.vector";

    private static final int FEWEST_BITS = 128;

    private VectorApi() {}

    /**
     * What is in the way here and what to do about it; empty if nothing is.
     *
     * @param bits of the vectors that the JVM prefers; asked only where the module is
     */
    static Optional<String> problem(IntSupplier bits) {
        return problem(isThere(), name -> System.getProperty(name, ""), VectorApi::flag, bits);
    }

    /** Asks for a class, because a program may load the module after it has started; then it is not in the boot layer. */
    private static boolean isThere() {
        try {
            Class.forName(MODULE + ".Vector", false, VectorApi.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /**
     * @param module whether the Vector API's module is there
     * @param property a system property, empty if it is not set
     * @param flag the value of one of HotSpot's flags, empty if it cannot be told
     * @param bits of the vectors that the JVM prefers; asked only if there is a module
     */
    static Optional<String> problem(
            boolean module, UnaryOperator<String> property, Function<String, Optional<String>> flag, IntSupplier bits) {
        return Optional.ofNullable(found(module, property, flag, bits));
    }

    private static @Nullable String found(
            boolean module, UnaryOperator<String> property, Function<String, Optional<String>> flag, IntSupplier bits) {
        if (!module) {
            return "the Vector API is not there; add --add-modules " + MODULE + " to the java command";
        }
        String vm = property.apply("java.vm.name");
        boolean hotSpot = vm.contains("HotSpot") || vm.contains("OpenJDK");
        if (!hotSpot || !vm.contains("Server VM")) {
            return "only the C2 compiler of HotSpot makes vector instructions of the Vector API, and this JVM is " + vm
                    + "; use a HotSpot server JVM";
        }
        String info = property.apply("java.vm.info");
        if (info.contains("interpreted mode")) {
            return "the JVM only interprets (-Xint); start it without that flag";
        }
        if (is(flag, "UseCompiler", "false")) {
            return "the JVM's compilers are switched off (-XX:-UseCompiler); start it without that flag";
        }
        if (info.contains("emulated-client")
                || flag.apply("TieredStopAtLevel")
                        .filter(level -> !level.equals("4"))
                        .isPresent()
                || flag.apply("CompilationMode")
                        .filter(mode -> mode.startsWith("quick-only"))
                        .isPresent()) {
            return "the C2 compiler, which makes vector instructions of the Vector API, is switched off"
                    + " (-XX:TieredStopAtLevel below 4, or -XX:CompilationMode=quick-only); start the JVM without that flag";
        }
        if (is(flag, "EnableVectorSupport", "false")) {
            return "the JVM makes no vector instructions (-XX:-EnableVectorSupport); start it without that flag";
        }
        if (is(flag, "UseFMA", "false")) {
            return "the JVM has no fused multiply-add, because the processor has none or because of -XX:UseAVX or -XX:-UseFMA;"
                    + " start it without such a flag";
        }
        int widest = bits.getAsInt();
        return widest >= FEWEST_BITS
                ? null
                : "vectors have only " + widest
                        + " bits here, because of the processor or of -XX:MaxVectorSize; expected at least "
                        + FEWEST_BITS;
    }

    private static boolean is(Function<String, Optional<String>> flag, String name, String value) {
        return flag.apply(name).filter(value::equals).isPresent();
    }

    private static Optional<String> flag(String name) {
        try {
            return Flags.get(name);
        } catch (LinkageError e) { // an image without the module jdk.management: what the JVM says of itself has to do
            return Optional.empty();
        }
    }

    /** Loaded only where the module jdk.management is. */
    private static final class Flags {
        static Optional<String> get(String name) {
            HotSpotDiagnosticMXBean bean = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            if (bean == null) {
                return Optional.empty();
            }
            try {
                return Optional.of(bean.getVMOption(name).getValue());
            } catch (IllegalArgumentException e) { // this version has no such flag
                return Optional.empty();
            }
        }
    }
}
