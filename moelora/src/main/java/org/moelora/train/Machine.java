package org.moelora.train;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.moelora.kernels.Device;

/** What a run was made with: versions, and the machine as {@code run.json} describes it. */
final class Machine {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    private Machine() {}

    static Map<String, Object> versions() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("moelora", version());
        json.put("java", Runtime.version() + " (" + System.getProperty("java.vendor") + ")");
        json.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        return json;
    }

    static String version() {
        // The build writes the version into the module's descriptor; on the class path there is none.
        return Optional.ofNullable(Machine.class.getModule().getDescriptor())
                .flatMap(ModuleDescriptor::rawVersion)
                .orElse("not packaged");
    }

    static Map<String, Object> describe(Device device) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("cpu", cpu());
        json.put("cores", Runtime.getRuntime().availableProcessors());
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        if (system != null) {
            json.put("memory_bytes", system.getTotalMemorySize());
        }
        json.put("heap_bytes", Runtime.getRuntime().maxMemory());
        json.put("device", device.description());
        return json;
    }

    private static String cpu() {
        String name = System.getenv("PROCESSOR_IDENTIFIER"); // Windows
        if (name == null && Files.isReadable(CPU_INFO)) {
            try (Stream<String> lines = Files.lines(CPU_INFO)) {
                name = lines.filter(line -> line.startsWith("model name"))
                        .findFirst()
                        .map(line -> line.replaceFirst("[^:]*:\\s*", ""))
                        .orElse(null);
            } catch (IOException e) {
                name = null;
            }
        }
        return name == null ? System.getProperty("os.arch") : name + " (" + System.getProperty("os.arch") + ")";
    }
}
