package org.moelora.bench.device;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.moelora.bench.contest.Surroundings;
import org.moelora.bench.contest.Table;
import org.moelora.engine.InputException;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;
import org.moelora.kernels.opencl.Peaks;

/**
 * {@code bin/bench --device NAME}: GFLOP/s and GB/s of each kernel on one device, and on OpenCL's the share of what the same device was measured to do at
 * most; then training steps and generation of a whole model. So the same command on another card says where it stands there.
 */
public final class DeviceBench {
    private static final double TURN_NANOS = 100e6;
    private static final int TURNS = 5;
    private static final int MOST_CALLS = 2000;

    private DeviceBench() {}

    public static void main(String[] args) {
        try {
            List<String> rest = new ArrayList<>(List.of(args));
            boolean quick = rest.remove("--quick");
            if (rest.size() != 2 || !rest.getFirst().equals("--device")) {
                throw new InputException(
                        "the flags are " + String.join(" ", args) + "; expected --device NAME, and perhaps --quick");
            }
            run(rest.get(1), quick);
        } catch (InputException e) {
            System.err.println("bench: " + e.getMessage());
            System.exit(2);
        }
    }

    private static Device open(String name) {
        try {
            return Devices.open(name, DeviceOptions.DEFAULT);
        } catch (IllegalArgumentException e) {
            throw new InputException("device: " + e.getMessage(), e);
        }
    }

    private static void run(String name, boolean quick) {
        try (Device device = open(name)) {
            Surroundings.machine().forEach(System.out::println);
            System.out.println(device.description());
            if (quick) {
                System.out.println("QUICK: small sizes; these figures mean nothing");
            }
            Optional<Peaks> peaks =
                    device.name().startsWith("opencl:") ? Optional.of(Peaks.measure(device)) : Optional.empty();
            peaks.ifPresent(p -> System.out.printf(
                    Locale.ROOT,
                    "at most, measured: %.1f GFLOP/s of multiply-adds in registers, %.1f GB/s of a copy%n",
                    p.gigaflops(),
                    p.gigabytes()));
            Table table = new Table("kernel", "ms", "GFLOP/s", "GB/s", "share of the most");
            try (Cases cases = new Cases(device, quick)) {
                for (Case one : cases.all()) {
                    row(table, one, nanos(device, one.call()), peaks);
                }
            }
            table.text().forEach(System.out::println);
        }
        System.out.println();
        WholeModel.table(name, quick).text().forEach(System.out::println);
    }

    private static void row(Table table, Case one, double nanos, Optional<Peaks> peaks) {
        boolean arithmetic = one.flops() > 0;
        double rate = (arithmetic ? one.flops() : one.bytes()) / nanos;
        table.row(
                one.kernel(),
                text("%.3f", nanos / 1e6),
                arithmetic ? text("%.1f", rate) : "",
                arithmetic ? "" : text("%.2f", rate),
                peaks.map(p -> text("%.0f %%", 100 * rate / (arithmetic ? p.gigaflops() : p.gigabytes())))
                        .orElse("-"));
    }

    private static String text(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    /** Of one call, the best of some turns of many calls; what is compiled at a first call is not timed. */
    private static double nanos(Device device, Runnable call) {
        try (Memory end = device.allocate(DType.F32, 1, Owner.TAPE)) {
            device.kernels().elementwise().fill(end, 0);
            turn(device, call, 1, end);
            double first = turn(device, call, 1, end);
            int calls = Math.clamp((long) (TURN_NANOS / first), 1, MOST_CALLS);
            double best = first;
            for (int i = 0; i < TURNS; i++) {
                best = Math.min(best, turn(device, call, calls, end));
            }
            return best;
        }
    }

    /** Reading is what waits for all that was started before. */
    private static double turn(Device device, Runnable call, int calls, Memory end) {
        device.read(end, 0, new float[1]);
        long begin = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            call.run();
        }
        device.read(end, 0, new float[1]);
        return (System.nanoTime() - begin) / (double) calls;
    }
}
