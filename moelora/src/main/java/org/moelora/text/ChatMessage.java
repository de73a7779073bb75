package org.moelora.text;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One message of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant} or {@code tool}
 * @param content null where an assistant only calls tools
 * @param fields what a template reads of it besides, such as {@code tool_calls}: strings, numbers, booleans, lists and maps of these
 */
public record ChatMessage(String role, @Nullable String content, Map<String, @Nullable Object> fields) {
    public ChatMessage {
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    /** A message that is its content. */
    public ChatMessage(String role, String content) {
        this(role, content, Map.of());
    }
}
