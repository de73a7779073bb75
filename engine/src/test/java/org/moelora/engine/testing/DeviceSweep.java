package org.moelora.engine.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;

/** Runs a test on both CPU devices, with poisoned memory, and fails it if memory is left leased. */
public final class DeviceSweep {
    private static final DeviceOptions POISONED = new DeviceOptions(2, true);

    private DeviceSweep() {}

    public static Stream<String> names() {
        return Stream.of("cpu-plain", "cpu-simd");
    }

    /** One test per device. */
    public static Stream<DynamicTest> each(String name, Consumer<Device> test) {
        return names().map(device -> DynamicTest.dynamicTest(name + " on " + device, () -> on(device, test)));
    }

    public static void on(String name, Consumer<Device> test) {
        try (Device device = Devices.open(name, POISONED)) {
            test.accept(device);
            assertEquals(0, device.memoryUse().total(), "bytes that were not freed: " + device.memoryUse());
        }
    }
}
