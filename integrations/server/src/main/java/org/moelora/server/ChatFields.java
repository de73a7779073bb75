package org.moelora.server;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.moelora.engine.InputException;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.text.ChatMessage;
import org.moelora.text.Tool;
import org.moelora.text.ToolCall;

/** The messages of a chat request. */
final class ChatFields {
    /** What the answer of a service has and a client sends back with it. */
    private static final Set<String> EMPTY_IN_ANSWERS = Set.of("refusal", "audio", "function_call", "annotations");

    private ChatFields() {}

    static List<ChatMessage> messages(Fields fields) {
        List<JsonObject> given = fields.objects("messages");
        if (given.isEmpty()) {
            throw ApiException.invalid("messages", "field \"messages\" is empty; expected at least one message");
        }
        List<ChatMessage> messages = new ArrayList<>();
        Map<String, ToolCall> calls = new HashMap<>();
        for (JsonObject each : given) {
            try {
                messages.add(message(each, "messages[" + messages.size() + "]", calls));
            } catch (InputException e) {
                throw ApiException.invalid("messages", "invalid_type", String.valueOf(e.getMessage()));
            }
        }
        return messages;
    }

    /**
     * @param calls of the messages before, by id
     */
    private static ChatMessage message(JsonObject given, String path, Map<String, ToolCall> calls) {
        String role = given.string("role");
        for (String name : given.names()) {
            boolean known = name.equals("role")
                    || name.equals("content")
                    || (name.equals("name") && !role.equals("tool"))
                    || (name.equals("tool_calls") && role.equals("assistant"))
                    || (name.equals("tool_call_id") && role.equals("tool"));
            if (!known) {
                refuse(given, name, path);
            }
        }
        return switch (role) {
            case "system", "developer", "user" -> said(role.equals("developer") ? "system" : role, given, path);
            case "assistant" -> {
                List<ToolCall> asked = calls(given);
                if (asked.isEmpty()) {
                    yield said(role, given, path);
                }
                asked.forEach(call -> calls.put(call.id(), call));
                yield ChatMessage.assistant(given.has("content") ? content(given, path) : null, asked);
            }
            case "tool" -> {
                ToolCall call = calls.get(given.string("tool_call_id"));
                if (call == null) {
                    throw given.error("tool_call_id", "the id of a call in a message before");
                }
                yield ChatMessage.tool(call, content(given, path));
            }
            default -> throw given.error("role", "system, developer, user, assistant or tool");
        };
    }

    private static ChatMessage said(String role, JsonObject given, String path) {
        Map<String, Object> more = given.has("name") ? Map.of("name", given.string("name")) : Map.of();
        return new ChatMessage(role, content(given, path), more);
    }

    private static List<ToolCall> calls(JsonObject given) {
        List<ToolCall> calls = new ArrayList<>();
        if (given.has("tool_calls")) {
            for (JsonObject call : given.array("tool_calls").objects()) {
                if (!call.string("type", "function").equals("function")) {
                    throw call.error("type", "function");
                }
                JsonObject function = call.object("function");
                calls.add(new ToolCall(call.string("id"), function.string("name"), function.string("arguments")));
            }
        }
        return calls;
    }

    private static void refuse(JsonObject given, String name, String path) {
        Object value = given.get(name);
        boolean empty = value == null || (value instanceof JsonArray all && all.size() == 0);
        if (!empty || !EMPTY_IN_ANSWERS.contains(name)) {
            throw ApiException.unsupported(
                    path + "." + name,
                    "field \"" + path + "." + name + "\" is not supported here; expected role and content");
        }
    }

    /** Tools that may be called; none if {@code tool_choice} says so. */
    static List<Tool> tools(Fields fields) {
        List<Tool> tools = new ArrayList<>();
        if (fields.has("tools")) {
            for (JsonObject each : fields.objects("tools")) {
                try {
                    if (!each.string("type").equals("function")) {
                        throw ApiException.unsupported(
                                "tools", "a tool is of the type \"" + each.string("type") + "\"; expected function");
                    }
                    JsonObject function = each.object("function");
                    JsonObject parameters = function.objectOrNull("parameters");
                    tools.add(new Tool(
                            function.string("name"),
                            function.stringOrNull("description"),
                            parameters == null ? "{\"type\":\"object\",\"properties\":{}}" : parameters.toString()));
                } catch (InputException e) {
                    throw ApiException.invalid("tools", "invalid_type", String.valueOf(e.getMessage()));
                }
            }
        }
        fields.refuseUnless(
                "tool_choice",
                "asks for a certain call, which is not supported here; expected auto or none",
                "none",
                "auto");
        return "none".equals(fields.get("tool_choice")) ? List.of() : tools;
    }

    /** A text, or parts that are texts. */
    private static String content(JsonObject given, String path) {
        if (!(given.get("content") instanceof JsonArray parts)) {
            return given.string("content");
        }
        StringBuilder content = new StringBuilder();
        for (JsonObject part : parts.objects()) {
            String type = part.string("type");
            if (!type.equals("text")) {
                throw ApiException.unsupported(
                        path + ".content",
                        "field \"" + path + ".content\" has a part of the type \"" + type + "\"; expected text alone");
            }
            content.append(part.string("text"));
        }
        return content.toString();
    }
}
