package org.moelora.kernels.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.DeviceProvider;
import org.moelora.kernels.plain.PlainKernels;
import org.moelora.kernels.simd.SimdKernels;

/** The built-in back end: {@code cpu-plain} everywhere, {@code cpu-simd} where the JVM makes vector instructions of the Vector API. */
public final class CpuProvider implements DeviceProvider {
    /** System property that caps the vectors of {@code cpu-simd}: 128, 256 or 512 bits. For tests; the widest is the fastest. */
    public static final String VECTOR_BITS = "moelora.vectorBits";

    private static final String PLAIN = "cpu-plain";
    private static final String SIMD = "cpu-simd";

    /** Why there is no {@code cpu-simd} here, if there is none. */
    private static final Optional<String> PROBLEM = VectorApi.problem(() -> SimdKernels.preferredBits());

    @Override
    public List<Found> find() {
        Optional<String> problem = PROBLEM;
        String plain = problem.map(why -> "plain Java loops, at least ten times slower than vectors: " + why)
                .orElse("plain Java loops, the definition of every kernel");
        String simd = problem.map(why -> SIMD + " is not usable: " + why).orElseGet(SimdKernels::description);
        return List.of(new Found(SIMD, problem.isEmpty(), 2, simd), new Found(PLAIN, true, 1, plain));
    }

    @Override
    public boolean isCalled(Found found, String name) {
        return found.name().equals(name) || (name.equals("cpu") && found.usable());
    }

    @Override
    public CpuDevice open(String name, DeviceOptions options) {
        int threads = options.threads() > 0 ? options.threads() : physicalCores();
        Found found = find().stream()
                .filter(f -> f.name().equals(name) && f.usable())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no usable device " + name));
        return found.name().equals(SIMD)
                ? new CpuDevice(SIMD, found.description(), threads, options, SimdKernels::on)
                : new CpuDevice(
                        PLAIN, found.description(), threads, options, (workers, buffers) -> PlainKernels.kernels());
    }

    /** Cores that do not share their arithmetic units with one counted before; two threads on one core do not multiply faster. */
    static int physicalCores() {
        int logical = Runtime.getRuntime().availableProcessors();
        Path cpus = Path.of("/sys/devices/system/cpu");
        try (var folders = Files.newDirectoryStream(cpus, "cpu[0-9]*")) {
            Set<String> cores = new HashSet<>();
            for (Path folder : folders) {
                Path siblings = folder.resolve("topology/thread_siblings_list");
                if (Files.isReadable(siblings)) {
                    cores.add(Files.readString(siblings).strip());
                }
            }
            return cores.isEmpty() ? logical : Math.max(1, Math.min(logical, cores.size()));
        } catch (IOException e) {
            return logical; // no such folder outside Linux
        }
    }
}
