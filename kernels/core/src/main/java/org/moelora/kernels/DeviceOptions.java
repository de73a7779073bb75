package org.moelora.kernels;

/**
 * How a device is opened.
 *
 * @param threads worker threads of a CPU device; 0 means one per physical core
 * @param poison fill memory with NaN when it is leased and when it is given back, so that a missing write shows
 */
public record DeviceOptions(int threads, boolean poison) {
    /** One thread per physical core, no poison. */
    public static final DeviceOptions DEFAULT = new DeviceOptions(0, false);

    public DeviceOptions {
        if (threads < 0 || threads > 1024) {
            throw new IllegalArgumentException("threads is " + threads + "; expected 0 (one per core) to 1024");
        }
    }
}
