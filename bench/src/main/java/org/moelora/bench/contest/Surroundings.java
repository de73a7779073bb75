package org.moelora.bench.contest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the operating system tells about processes and about the machine. */
public final class Surroundings {
    /** Variables that change what a library does; a contender starts without those of the shell. */
    private static final Pattern SETTINGS = Pattern.compile(
            "(OPENBLAS|GOTO|OMP|GOMP|KMP|MKL|ATEN|TORCH|PYTORCH|BLIS)_.*|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS");

    private static final Pattern KIBIBYTES = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    private Surroundings() {}

    /** Takes the settings of libraries out of an environment. */
    public static void clean(Map<String, String> environment) {
        environment.keySet().removeIf(name -> SETTINGS.matcher(name).matches());
    }

    /** Settings of libraries in this program's environment, which contenders do not see. */
    public static Map<String, String> ignoredSettings() {
        Map<String, String> ignored = new TreeMap<>(System.getenv());
        ignored.keySet().removeIf(name -> !SETTINGS.matcher(name).matches());
        return ignored;
    }

    /** Largest resident memory of a process so far, in bytes; NaN where the system does not tell. */
    public static double peakBytes(long pid) {
        try {
            Matcher matcher = KIBIBYTES.matcher(Files.readString(Path.of("/proc", Long.toString(pid), "status")));
            return matcher.find() ? 1024.0 * Long.parseLong(matcher.group(1)) : Double.NaN;
        } catch (IOException e) {
            return Double.NaN; // not Linux, or gone
        }
    }

    /** Files mapped by a process whose name contains a word; empty where the system does not tell. */
    public static List<String> mapped(long pid, String word) {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid), "maps"))) {
            return lines.map(line -> line.substring(line.lastIndexOf(' ') + 1))
                    .filter(file -> file.startsWith("/") && file.contains(word))
                    .distinct()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of();
        }
    }

    /** Processor, cores, memory, operating system and JDK, a line each. */
    public static List<String> machine() {
        List<String> lines = new ArrayList<>();
        lines.add("processor: " + cpu());
        lines.add("memory: " + Math.round(field("/proc/meminfo", "MemTotal") / 1048576.0) + " GiB");
        lines.add("system: " + System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                + distribution());
        lines.add("JDK: " + System.getProperty("java.vm.name") + " " + Runtime.version());
        return lines;
    }

    private static String cpu() {
        String model = text("/proc/cpuinfo", "model name");
        String flags = " " + text("/proc/cpuinfo", "flags") + " ";
        String width = flags.contains(" avx512f ") ? "AVX-512" : flags.contains(" avx2 ") ? "AVX2" : "";
        return model + " (family " + text("/proc/cpuinfo", "cpu family") + ", model " + text("/proc/cpuinfo", "model")
                + "), " + Runtime.getRuntime().availableProcessors() + " cores, " + width
                + (flags.contains(" amx_tile ") ? ", AMX" : "");
    }

    private static String distribution() {
        try (Stream<String> lines = Files.lines(Path.of("/etc/os-release"))) {
            return lines.filter(line -> line.startsWith("PRETTY_NAME="))
                    .map(line -> line.substring(12).replace("\"", ""))
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    private static double field(String file, String name) {
        String digits = text(file, name).replaceAll("[^0-9]", "");
        return digits.isEmpty() ? Double.NaN : Double.parseDouble(digits);
    }

    private static String text(String file, String name) {
        try (Stream<String> lines = Files.lines(Path.of(file))) {
            return lines.filter(line -> line.split("\\s*:", 2)[0].equals(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("?");
        } catch (IOException e) {
            return "?";
        }
    }
}
