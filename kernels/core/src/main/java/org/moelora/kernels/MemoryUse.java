package org.moelora.kernels;

import java.util.Map;

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

    /** Bytes leased at this moment, all owners together. */
    public long total() {
        return now.values().stream().mapToLong(Long::longValue).sum();
    }
}
