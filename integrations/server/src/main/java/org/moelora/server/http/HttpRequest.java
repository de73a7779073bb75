package org.moelora.server.http;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request that was read whole.
 *
 * @param method as it was sent, such as GET
 * @param path of the target, without its query
 * @param minor of the version HTTP/1.x, 0 or 1
 * @param headers values by name in lower case
 * @param body empty if there was none
 */
public record HttpRequest(String method, String path, int minor, Map<String, List<String>> headers, byte[] body) {
    /** The first value of a header, or null. */
    public @Nullable String header(String name) {
        List<String> values = headers.get(name.toLowerCase(Locale.ROOT));
        return values == null ? null : values.getFirst();
    }

    /** Whether the connection may have another request behind this one. */
    boolean keepsAlive() {
        boolean closes = headers.getOrDefault("connection", List.of()).stream()
                .flatMap(value -> List.of(value.split(",")).stream())
                .anyMatch(option -> option.strip().equalsIgnoreCase("close"));
        return minor == 1 && !closes;
    }
}
