package org.moelora.kernels;

import java.util.Map;
import java.util.stream.Collectors;

/**
 * Bytes of a device's memory.
 *
 * @param now leased at this moment, by owner
 * @param atPeak leased when the total was largest since the device was opened or {@link Device#resetPeak} was called, by owner
 * @param reserved taken from the system for leases, those that have been freed included: only {@link Device#trim} makes it less
 */
public record MemoryUse(Map<Owner, Long> now, Map<Owner, Long> atPeak, long reserved) {
    public MemoryUse {
        now = Map.copyOf(now);
        atPeak = Map.copyOf(atPeak);
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
        return sum(now);
    }

    /** The largest total so far. */
    public long peak() {
        return sum(atPeak);
    }

    private static long sum(Map<Owner, Long> bytes) {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }
}
