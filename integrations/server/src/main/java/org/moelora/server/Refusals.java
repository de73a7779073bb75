package org.moelora.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.model.EngineBusyException;

/** What a client is told about what went wrong. */
final class Refusals {
    private static final System.Logger LOG = System.getLogger(Refusals.class.getName());

    private Refusals() {}

    static ApiException of(Throwable e) {
        return switch (e) {
            case ApiException told -> told;
            case UnsupportedFeature unsupported ->
                ApiException.invalid(null, "unsupported_feature", String.valueOf(unsupported.getMessage()));
            case InputException mistake -> ApiException.invalid(null, String.valueOf(mistake.getMessage()));
            case EngineBusyException busy ->
                ApiException.of(429, "rate_limit_error", "queue_full", String.valueOf(busy.getMessage()));
            case OutOfDeviceMemoryException memory -> {
                LOG.log(System.Logger.Level.WARNING, "a request had no memory", memory);
                yield ApiException.of(
                        503,
                        "server_error",
                        "insufficient_memory",
                        "there is no memory left for the request; expected a later try");
            }
            default -> {
                LOG.log(System.Logger.Level.ERROR, "a request failed", e);
                yield ApiException.of(
                        500, "server_error", "internal_error", "the request failed; the server's log says why");
            }
        };
    }

    /** What another thread threw, to be thrown here. */
    static RuntimeException unwrapped(@Nullable Throwable cause) {
        return switch (cause) {
            case Error error -> throw error;
            case RuntimeException known -> known;
            case IOException io -> new UncheckedIOException(io);
            case null, default -> new IllegalStateException("a prompt failed", cause);
        };
    }
}
