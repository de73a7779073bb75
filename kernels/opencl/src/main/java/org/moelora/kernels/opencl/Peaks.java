package org.moelora.kernels.opencl;

import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/**
 * What an OpenCL device can do at most, as measured on it: the measure of its kernels.
 *
 * @param gigaflops 10^9 operations per second of multiply-adds in registers; a multiply-add is two
 * @param gigabytes 10^9 bytes per second that a copy reads and writes
 */
public record Peaks(double gigaflops, double gigabytes) {
    private static final int TRIES = 7;
    private static final int FLOPS_OF_ROUND = 2 * 16 * 6;
    private static final int FIRST_ROUNDS = 256;
    private static final double ENOUGH_MILLIS = 20;

    /** Larger than the caches of today. */
    private static final long COPIED_BYTES = 256L << 20;

    /**
     * Takes about a second.
     *
     * @throws IllegalArgumentException if it is a device of another kind
     */
    public static Peaks measure(Device device) {
        if (!(device instanceof OpenClDevice opencl)) {
            throw new IllegalArgumentException(device.name() + " is not an OpenCL device");
        }
        return new Peaks(multiplyAdds(opencl), copy(opencl));
    }

    private static double multiplyAdds(OpenClDevice device) {
        long groups = 32L * device.units();
        long items = groups * device.programs().group();
        try (Memory out = device.allocate(DType.F32, items, Owner.TAPE)) {
            int rounds = FIRST_ROUNDS;
            double nanos;
            do {
                rounds *= 4;
                nanos = nanos(device, start(device, rounds, (DeviceMemory) out), groups);
            } while (nanos < ENOUGH_MILLIS * 1e6 && rounds < 1 << 24);
            return (double) items * rounds * FLOPS_OF_ROUND / nanos;
        }
    }

    private static Launch start(OpenClDevice device, int rounds, DeviceMemory out) {
        return new Launch(device.commands(), device.programs().kernel("peaks", "multiplyAdds"))
                .arg(0.999f)
                .arg(0.5f)
                .arg(rounds)
                .arg(out);
    }

    private static double copy(OpenClDevice device) {
        long length = COPIED_BYTES / Float.BYTES;
        try (Memory from = device.allocate(DType.F32, length, Owner.TAPE);
                Memory to = device.allocate(DType.F32, length, Owner.TAPE)) {
            device.kernels().elementwise().fill(from, 1);
            Launch launch = new Launch(device.commands(), device.programs().kernel("peaks", "copy"))
                    .arg(length / 4)
                    .arg((DeviceMemory) from)
                    .arg((DeviceMemory) to);
            return 2.0
                    * COPIED_BYTES
                    / nanos(
                            device,
                            launch,
                            Math.ceilDiv(length / 4, device.programs().group()));
        }
    }

    /** The best of some times; compiling is before the first. */
    private static double nanos(OpenClDevice device, Launch launch, long groups) {
        double best = Double.POSITIVE_INFINITY;
        for (int i = 0; i <= TRIES; i++) {
            device.commands().finish();
            long begin = System.nanoTime();
            launch.groups(groups);
            device.commands().finish();
            double nanos = System.nanoTime() - begin;
            best = i == 0 ? best : Math.min(best, nanos);
        }
        return best;
    }
}
