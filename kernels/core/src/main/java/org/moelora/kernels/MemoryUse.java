package org.moelora.kernels;

import java.util.Map;
import java.util.stream.Collectors;

/**
 * Bytes leased from a device.
 *
 * @param now bytes leased at this moment, by owner
 * @param peak the largest total since the device was opened or {@link Device#resetPeak} was called
 */
public record MemoryUse(Map<Owner, Long> now, long peak) {
    public MemoryUse {
        now = Map.copyOf(now);
    }

    /** What is leased at this moment in words, such as {@code 4096 bytes of ADAPTER, 64 bytes of TAPE}. */
    public String leased() {
        String each = now.entrySet().stream()
                .filter(entry -> entry.getValue() != 0)
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> entry.getValue() + " bytes of " + entry.getKey())
                .collect(Collectors.joining(", "));
        return each.isEmpty() ? "nothing" : each;
    }

    /** Bytes leased at this moment, all owners together. */
    public long total() {
        return now.values().stream().mapToLong(Long::longValue).sum();
    }
}
