package org.moelora.model;

import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.DeviceProvider;
import org.moelora.kernels.Devices;

/**
 * Where a model computes: a device by name, and how many threads it has.
 *
 * @param name {@code cpu} for the fastest that the CPU offers, or the name of one of {@link #find}
 * @param threads worker threads; 0 for one per physical core. Results do not depend on it
 */
public record DeviceChoice(String name, int threads) {
    /** The fastest that the CPU offers, on all physical cores. */
    public static final DeviceChoice FASTEST = new DeviceChoice("cpu", 0);

    /**
     * A device of this machine.
     *
     * @param name what it is chosen by
     * @param usable whether it can be opened
     * @param description what it is, or why it is not usable and what to do about it
     */
    public record Found(String name, boolean usable, String description) {}

    /**
     * @throws InputException if the number of threads is out of range
     */
    public DeviceChoice {
        if (threads < 0 || threads > 1024) {
            throw new InputException("threads is " + threads + "; expected 1 to 1024, or 0 for one per physical core");
        }
    }

    /** Every device of this machine, usable or not. */
    public static List<Found> find() {
        return Devices.find().stream()
                .map((DeviceProvider.Found f) -> new Found(f.name(), f.usable(), f.description()))
                .toList();
    }

    /** The device as it describes itself once it is open, e.g. {@code cpu-simd: 512-bit Vector API, 2 threads}. */
    public String describe() {
        try (Device device = open()) {
            return device.description();
        }
    }

    /**
     * Measures which sizes of its kernels are fastest on this device, and keeps them for the next time it is opened; up to some minutes.
     *
     * @return what was tried and what was kept, some lines
     * @throws InputException if there is no such device, it is not usable here, or it has nothing to choose
     */
    public String tune() {
        try {
            return Devices.tune(name)
                    .orElseThrow(() -> new InputException(
                            "device: " + name + " has nothing to tune; expected an OpenCL device, such as opencl:0"));
        } catch (IllegalArgumentException e) {
            throw new InputException("device: " + e.getMessage(), e);
        }
    }

    /**
     * Opens it; the device is the caller's to close.
     *
     * @throws InputException if there is no such device, or it is not usable here
     */
    Device open() {
        try {
            return Devices.open(name, new DeviceOptions(threads, false));
        } catch (IllegalArgumentException e) {
            throw new InputException("device: " + e.getMessage(), e);
        }
    }
}
