package org.moelora.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
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

    /** What the system says. */
    public static ChatMessage system(String content) {
        return new ChatMessage("system", content);
    }

    /** What the user says. */
    public static ChatMessage user(String content) {
        return new ChatMessage("user", content);
    }

    /** What the assistant says. */
    public static ChatMessage assistant(String content) {
        return new ChatMessage("assistant", content);
    }

    /**
     * An answer of the assistant's that calls tools.
     *
     * @param content what it says before; null for nothing
     */
    public static ChatMessage assistant(@Nullable String content, List<ToolCall> calls) {
        List<Object> values = new ArrayList<>();
        calls.forEach(call -> values.add(call.value()));
        return new ChatMessage("assistant", content, calls.isEmpty() ? Map.of() : Map.of("tool_calls", values));
    }

    /** What a tool answered to a call. */
    public static ChatMessage tool(ToolCall call, String content) {
        return new ChatMessage("tool", content, Map.of("tool_call_id", call.id(), "name", call.name()));
    }
}
