package org.moelora.kernels;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.moelora.kernels.cpu.CpuProvider;

/**
 * Finds and opens devices. Which one was chosen, and why, is logged once per opening; the first time that a slower one has to do, because the
 * fastest is not usable here, as a warning.
 */
public final class Devices {
    private static final System.Logger LOG = System.getLogger(Devices.class.getName());

    /** What has been warned of. */
    private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

    private Devices() {}

    /** Every device of every back end, the built-in CPU first. */
    public static List<DeviceProvider.Found> find() {
        List<DeviceProvider.Found> all = new ArrayList<>();
        for (DeviceProvider provider : providers()) {
            all.addAll(provider.find());
        }
        return all;
    }

    /** Opens the fastest CPU device. */
    public static Device open(DeviceOptions options) {
        return open("cpu", options);
    }

    /**
     * Opens a device by name; {@code cpu} means the fastest of the CPU's, {@code opencl:NAME} one of OpenCL's whose description has NAME in it.
     *
     * @throws IllegalArgumentException if there is no such device or it is not usable; the message lists what there is
     */
    public static Device open(String name, DeviceOptions options) {
        Choice choice = choose(name);
        Device device = choice.provider.open(choice.found.name(), options);
        boolean warn = choice.fallback && WARNED.add(choice.found.description());
        LOG.log(warn ? System.Logger.Level.WARNING : System.Logger.Level.INFO, device.description());
        return device;
    }

    /**
     * Measures what is fastest on a device and keeps it for the next time it is opened; takes up to some minutes.
     *
     * @return what was tried and what was kept, some lines; empty if the device has nothing to choose
     * @throws IllegalArgumentException as {@link #open(String, DeviceOptions)}
     */
    public static Optional<String> tune(String name) {
        Choice choice = choose(name);
        return choice.provider.tune(choice.found.name());
    }

    /**
     * @param fallback whether a faster one, which the name would have meant too, is not usable
     */
    private record Choice(DeviceProvider provider, DeviceProvider.Found found, boolean fallback) {}

    private static Choice choose(String name) {
        for (DeviceProvider provider : providers()) {
            List<DeviceProvider.Found> found = provider.find();
            var chosen = found.stream()
                    .filter(f -> provider.isCalled(f, name))
                    .max(Comparator.comparingInt(DeviceProvider.Found::speed));
            if (chosen.isEmpty()) {
                continue;
            }
            if (!chosen.get().usable()) {
                throw new IllegalArgumentException(chosen.get().description());
            }
            DeviceProvider.Found best = chosen.get();
            boolean fallback =
                    !best.name().equals(name) && found.stream().anyMatch(f -> !f.usable() && f.speed() > best.speed());
            return new Choice(provider, best, fallback);
        }
        throw new IllegalArgumentException("there is no device \"" + name + "\"; expected cpu or one of "
                + find().stream().map(DeviceProvider.Found::name).toList());
    }

    private static List<DeviceProvider> providers() {
        List<DeviceProvider> all = new ArrayList<>();
        all.add(new CpuProvider());
        ServiceLoader.load(DeviceProvider.class).forEach(all::add);
        return all;
    }
}
