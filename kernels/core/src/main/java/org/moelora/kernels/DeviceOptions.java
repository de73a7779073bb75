package org.moelora.kernels;

/**
 * How a device is opened.
 *
 * @param threads worker threads of a CPU device; 0 means one per physical core
 * @param poison for tests: fill memory with NaN when it is leased and when it is freed, so that a missing write shows, and let closing
 *     the device throw {@link IllegalStateException} if something is still leased, where it is otherwise a warning in the log. The system
 *     property {@code moelora.leaks=throw} does the latter for every device
 * @param prepack keep frozen matrices as float32 in the layout that products read, made when they are first used: faster by the
 *     packing that every call otherwise repeats, for 4 bytes an element and direction (forward, backward)
 */
public record DeviceOptions(int threads, boolean poison, boolean prepack) {
    /** One thread per physical core, no poison, nothing prepacked. */
    public static final DeviceOptions DEFAULT = new DeviceOptions(0, false);

    /** Nothing prepacked. */
    public DeviceOptions(int threads, boolean poison) {
        this(threads, poison, false);
    }

    public DeviceOptions {
        if (threads < 0 || threads > 1024) {
            throw new IllegalArgumentException("threads is " + threads + "; expected 0 (one per core) to 1024");
        }
    }
}
