package org.moelora.kernels;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A device has no room for a lease. Nothing has changed by asking: what was leased before still is, and the device works on. The message names the
 * device, the bytes, whose they are, what is leased beside them, and what would help.
 */
public final class OutOfDeviceMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String device;
    private final @Nullable Owner owner;
    private final long bytes;
    private final long limit;

    /**
     * @param device its name
     * @param owner whose lease it would have been; null for what kernels need themselves
     * @param bytes asked for
     * @param limit bytes that the device has; negative where the system decides
     * @param message in one sentence, what was asked for and what would help
     * @param cause what the system or the driver said, or null
     */
    public OutOfDeviceMemoryException(
            String device, @Nullable Owner owner, long bytes, long limit, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.device = device;
        this.owner = owner;
        this.bytes = bytes;
        this.limit = limit;
    }

    /** Name of the device. */
    public String device() {
        return device;
    }

    /** Whose lease it would have been; null for what kernels need themselves. */
    public @Nullable Owner owner() {
        return owner;
    }

    /** Bytes that were asked for; 0 if the driver does not say. */
    public long bytes() {
        return bytes;
    }

    /** Bytes that the device has in all; empty where the system decides. */
    public OptionalLong limit() {
        return limit < 0 ? OptionalLong.empty() : OptionalLong.of(limit);
    }
}
