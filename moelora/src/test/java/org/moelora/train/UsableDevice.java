package org.moelora.train;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.DeviceProvider;
import org.moelora.kernels.Devices;

/** A device of this machine with poisoned memory; a test that needs one that is not there is skipped, with what is missing. */
public final class UsableDevice {
    private UsableDevice() {}

    public static Device open(String name) {
        DeviceProvider.Found found = Devices.find().stream()
                .filter(device -> device.name().equals(name))
                .findFirst()
                .orElseThrow();
        assumeTrue(found.usable(), name + ": " + found.description());
        return Devices.open(name, new DeviceOptions(2, true));
    }
}
