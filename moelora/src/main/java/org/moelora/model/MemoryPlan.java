package org.moelora.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.moelora.engine.InputException;
import org.moelora.kernels.Device;
import org.moelora.kernels.MemoryUse;
import org.moelora.kernels.Owner;

/**
 * The most memory that some work with a model takes at a time, in bytes, known before the work begins: from a rehearsal that leases every tensor
 * as the work will and computes nothing. What others have leased on the same device at that time is in it. The Java heap and the JVM
 * itself are not; their limits are the java command's.
 *
 * @param weights the base's matrices, read where they are mapped from the checkpoint
 * @param base of the base beside them: norms, biases
 * @param adapter values of adapters, and gradients in training
 * @param optimizer moments
 * @param activations what the forward pass leaves for the backward pass, and gradients of it
 * @param scratch what single ops need while they run
 * @param cache keys and values of texts in the making
 * @param spare what the device takes from the system beyond that, as leases of many sizes leave gaps; the one part that is not exact, but rather
 *     too large
 * @param held how much of all but the weights the device has taken from the system already
 * @param own bytes of the device's own memory, if it has one; then all of this, weights included, lies there
 */
public record MemoryPlan(
        long weights,
        long base,
        long adapter,
        long optimizer,
        long activations,
        long scratch,
        long cache,
        long spare,
        long held,
        OptionalLong own) {
    private static final double MB = 1e6;

    /**
     * Rehearses some work.
     *
     * @param work what will be done with the view; it is given another one, on which nothing is computed: what it reads there is zero
     */
    public static MemoryPlan of(LanguageModel model, Consumer<LanguageModel> work) {
        Device device = model.decoder().device();
        try (Device rehearsal = device.rehearsal()) {
            rehearsal.resetPeak();
            work.accept(model.on(rehearsal));
            MemoryUse use = rehearsal.memoryUse();
            long weights = model.decoder().mappedBytes();
            // A device with memory of its own has leased room for its copies of the weights.
            long leased = device.ownMemory().isPresent() ? weights : 0;
            return new MemoryPlan(
                    weights,
                    part(use, Owner.MODEL) - leased,
                    part(use, Owner.ADAPTER),
                    part(use, Owner.OPTIMIZER),
                    part(use, Owner.TAPE),
                    part(use, Owner.SCRATCH),
                    part(use, Owner.CACHE),
                    use.reserved() + use.reserved() / 16 - use.peak(),
                    device.memoryUse().reserved(),
                    device.ownMemory());
        }
    }

    private static long part(MemoryUse use, Owner owner) {
        return use.atPeak().getOrDefault(owner, 0L);
    }

    /** Bytes that this process may still take from the system; unknown outside Linux. */
    public static OptionalLong free() {
        return AvailableMemory.now();
    }

    /** All parts together. */
    public long total() {
        return weights + tensors() + spare;
    }

    /** The largest total of leases: everything but the mapped weights and what is spare. */
    public long tensors() {
        return base + adapter + optimizer + activations + scratch + cache;
    }

    /**
     * Whether there is room.
     *
     * @param limit most bytes; 0 for what this process may still take from the system, or what the device has for itself
     */
    public boolean fits(long limit) {
        if (limit > 0) {
            return total() <= limit;
        }
        return own.isPresent() ? total() <= own.getAsLong() : total() - held <= free().orElse(Long.MAX_VALUE);
    }

    /**
     * Refuses work for which there is no room.
     *
     * @param limit as for {@link #fits}
     * @param work what needs the memory, e.g. {@code training}
     * @param remedy what would need less, as it follows "try"
     * @throws InputException in one sentence with what it takes and what there is
     */
    public void require(long limit, String work, String remedy) {
        if (!fits(limit)) {
            String room = limit > 0
                    ? "--max-memory allows " + megabytes(limit)
                    : own.isPresent()
                            ? "the device has " + megabytes(own.getAsLong())
                            : "the system has " + megabytes(free().orElse(0)) + " free";
            throw new InputException(
                    "not enough memory: " + work + " takes " + this + ", and " + room + "; try " + remedy);
        }
    }

    /** For example {@code 412 MB (activations 301, weights 68, ...)}, the largest part first, without those below half a megabyte. */
    @Override
    public String toString() {
        Map<String, Long> parts = new LinkedHashMap<>();
        parts.put("activations", activations);
        parts.put("weights", weights + base);
        parts.put("adapter", adapter);
        parts.put("optimizer", optimizer);
        parts.put("cache", cache);
        parts.put("scratch", scratch);
        parts.put("spare", spare);
        List<String> shown = new ArrayList<>();
        parts.entrySet().stream()
                .filter(part -> Math.round(part.getValue() / MB) > 0)
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .forEach(part -> shown.add(part.getKey() + " " + grouped(part.getValue())));
        return megabytes(total()) + (shown.isEmpty() ? "" : " (" + String.join(", ", shown) + ")");
    }

    /** {@code 1,234 MB}. */
    public static String megabytes(long bytes) {
        return grouped(bytes) + " MB";
    }

    private static String grouped(long bytes) {
        return String.format(Locale.ROOT, "%,d", Math.round(bytes / MB));
    }
}
