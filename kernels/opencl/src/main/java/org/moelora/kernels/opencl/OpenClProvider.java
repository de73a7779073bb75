package org.moelora.kernels.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.DeviceProvider;

/** OpenCL's devices, as {@code opencl:0}, {@code opencl:1} and so on in the order of the platforms. Safe for use by several threads. */
public final class OpenClProvider implements DeviceProvider {
    private static final String PREFIX = "opencl:";

    /** Slower than any of the CPU's devices when none is named: what a card is worth here is for its owner to say. */
    private static final int SPEED = 0;

    @Override
    public List<Found> find() {
        Platforms.Answer answer = Platforms.answer();
        if (answer.devices().isEmpty()) {
            return List.of(new Found(PREFIX + "0", false, SPEED, PREFIX + "0: " + answer.problem()));
        }
        return answer.devices().stream()
                .map(device -> new Found(PREFIX + device.index(), true, SPEED, device.describe()))
                .toList();
    }

    /** Also by a part of its description, whatever the case: {@code opencl:nvidia}. */
    @Override
    public boolean isCalled(Found found, String name) {
        if (!name.startsWith(PREFIX)) {
            return false;
        }
        String part = name.substring(PREFIX.length()).toLowerCase(Locale.ROOT);
        boolean number = !part.isEmpty() && part.chars().allMatch(Character::isDigit);
        return !part.isEmpty()
                && (number
                        ? found.name().equals(name)
                        : !found.usable()
                                || found.description().toLowerCase(Locale.ROOT).contains(part));
    }

    @Override
    public OpenClDevice open(String name, DeviceOptions options) {
        return open(name, options, 0);
    }

    /** The tile sizes of products. */
    @Override
    public Optional<String> tune(String name) {
        Platforms.Listed listed = listed(name);
        KeptTile kept = KeptTile.of(BinaryCache.of(listed));
        try (OpenClDevice device = new OpenClDevice(listed, DeviceOptions.DEFAULT, 0)) {
            Tuner.Result result = new Tuner(device, listed).run();
            List<String> notes = new ArrayList<>(result.lines());
            notes.addFirst(device.description());
            kept.keep(result.best(), notes);
            notes.add("kept " + result.best().text() + " in " + kept.file());
            return Optional.of(String.join("\n", notes));
        }
    }

    /**
     * @param guard see {@link DevicePool}
     */
    static OpenClDevice open(String name, DeviceOptions options, long guard) {
        return new OpenClDevice(listed(name), options, guard);
    }

    private static Platforms.Listed listed(String name) {
        return Platforms.answer().devices().stream()
                .filter(device -> name.equals(PREFIX + device.index()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no usable device " + name));
    }
}
