package org.moelora.kernels;

import java.util.List;
import java.util.Optional;

/** A back end. Found through {@link java.util.ServiceLoader}; the CPU's is built in. */
public interface DeviceProvider {
    /**
     * A device that a provider knows of.
     *
     * @param name what it is chosen by, e.g. {@code cpu-simd} or {@code opencl:0}
     * @param usable whether {@link #open} would work
     * @param speed rank among usable devices when none is named; the highest is taken
     * @param description what it is, or why it is not usable and what to do about it, in one line
     */
    record Found(String name, boolean usable, int speed, String description) {}

    /** Every device of this back end, usable or not; never throws for absent hardware. */
    List<Found> find();

    /** Whether a device of this back end is meant by a name that a user gives. */
    default boolean isCalled(Found found, String name) {
        return found.name().equals(name);
    }

    /** Opens a device that {@link #find} listed as usable. */
    Device open(String name, DeviceOptions options);

    /**
     * Measures what is fastest on a device that {@link #find} listed as usable, and keeps it for the next time the device is opened.
     *
     * @return what was tried and what was kept, some lines; empty if there is nothing to choose
     */
    default Optional<String> tune(String name) {
        return Optional.empty();
    }
}
