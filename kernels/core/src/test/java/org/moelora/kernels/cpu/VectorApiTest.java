package org.moelora.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.DeviceProvider;
import org.moelora.kernels.Devices;

/** Where the Vector API would be slow, the plain kernels are taken, and why is said. */
class VectorApiTest {
    private static final Map<String, String> SERVER =
            Map.of("java.vm.name", "OpenJDK 64-Bit Server VM", "java.vm.info", "mixed mode, sharing");

    private static Optional<String> problem(
            boolean module, Map<String, String> properties, Map<String, String> flags, int bits) {
        return VectorApi.problem(
                module,
                name -> properties.getOrDefault(name, ""),
                name -> Optional.ofNullable(flags.get(name)),
                () -> bits);
    }

    @Test
    void aServerJvmWithAllThatIsNeeded() {
        Map<String, String> usual = Map.of("UseCompiler", "true", "TieredStopAtLevel", "4", "UseFMA", "true");
        assertThat(problem(true, SERVER, usual, 128)).isEmpty();
        assertThat(problem(true, SERVER, Map.of(), 512))
                .as("flags that cannot be read")
                .isEmpty();
        Map<String, String> oracle =
                Map.of("java.vm.name", "Java HotSpot(TM) 64-Bit Server VM", "java.vm.info", "mixed mode");
        assertThat(problem(true, oracle, usual, 256)).isEmpty();
    }

    @Test
    void eachThingInTheWayIsNamed() {
        assertThat(problem(false, SERVER, Map.of(), 512)).hasValueSatisfying(has("--add-modules jdk.incubator.vector"));
        for (String vm :
                new String[] {"Eclipse OpenJ9 VM", "OpenJDK 64-Bit Zero VM", "OpenJDK Client VM", "Substrate VM"}) {
            assertThat(problem(true, Map.of("java.vm.name", vm), Map.of(), 512))
                    .hasValueSatisfying(has("this JVM is " + vm));
        }
        Map<String, String> client =
                Map.of("java.vm.name", "OpenJDK 64-Bit Server VM", "java.vm.info", "mixed mode, emulated-client");
        assertThat(problem(true, client, Map.of(), 512)).hasValueSatisfying(has("-XX:TieredStopAtLevel"));
        assertThat(problem(true, SERVER, Map.of("TieredStopAtLevel", "3"), 512))
                .hasValueSatisfying(has("-XX:TieredStopAtLevel"));
        assertThat(problem(true, SERVER, Map.of("CompilationMode", "quick-only"), 512))
                .hasValueSatisfying(has("quick-only"));
        assertThat(problem(true, SERVER, Map.of("EnableVectorSupport", "false"), 512))
                .hasValueSatisfying(has("EnableVectorSupport"));
        assertThat(problem(true, SERVER, Map.of("UseFMA", "false"), 512)).hasValueSatisfying(has("multiply-add"));
        assertThat(problem(true, SERVER, Map.of(), 64)).hasValueSatisfying(has("only 64 bits"));
    }

    private static Consumer<String> has(String part) {
        return reason -> assertThat(reason).contains(part);
    }

    /** Run in a JVM of its own: opens the CPU twice, and prints what there is. */
    static final class Probe {
        public static void main(String[] args) {
            for (int i = 0; i < 2; i++) {
                try (Device device = Devices.open(new DeviceOptions(1, false))) {
                    device.kernels();
                }
            }
            for (DeviceProvider.Found found : new CpuProvider().find()) {
                System.out.println(found.name() + " " + found.usable() + " " + found.description());
            }
        }
    }

    @Test
    void aJvmThatMakesNoVectorInstructionsTakesThePlainKernelsAndSaysWhyOnce() throws Exception {
        Map<String, String> flags = Map.of(
                "-Xint", "-Xint",
                "-XX:TieredStopAtLevel=1", "C2 compiler",
                "-XX:MaxVectorSize=8", "only 64 bits",
                "-XX:-UseCompiler", "-XX:-UseCompiler",
                "-XX:-UseFMA", "multiply-add");
        List<String> each = List.copyOf(flags.keySet());
        List<Process> running = new ArrayList<>();
        for (String flag : each) {
            running.add(start(flag));
        }
        for (int i = 0; i < each.size(); i++) {
            String said = new String(running.get(i).getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(running.get(i).waitFor()).as(said).isZero();
            String flag = each.get(i);
            String reason = flags.get(flag);
            assertThat(said.lines()
                            .filter(line -> line.startsWith("cpu-simd false"))
                            .toList())
                    .as(flag)
                    .singleElement()
                    .asString()
                    .contains(reason);
            assertThat(said.lines()
                            .filter(line -> line.startsWith("WARNING: cpu-plain"))
                            .toList())
                    .as(flag)
                    .singleElement()
                    .asString()
                    .contains(reason);
        }
    }

    private static Process start(String flag) throws IOException, URISyntaxException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = place(Devices.class) + File.pathSeparator + place(Probe.class);
        return new ProcessBuilder(
                        java, flag, "--add-modules", "jdk.incubator.vector", "-cp", classPath, Probe.class.getName())
                .redirectErrorStream(true)
                .start();
    }

    private static Path place(Class<?> type) throws URISyntaxException {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }
}
