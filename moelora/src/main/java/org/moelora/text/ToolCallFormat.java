package org.moelora.text;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;

/** How a family of models writes the calls of tools in its answers. */
public enum ToolCallFormat {
    /** Hermes and Qwen2.5, Qwen3: {@code <tool_call>{"name": ..., "arguments": {...}}</tool_call>}, several one after another, behind a text or none. */
    HERMES("<tool_call>"),
    /** Mistral up to v7: {@code [TOOL_CALLS][{"name": ..., "arguments": {...}, "id": ...}]}, behind a text or none. */
    MISTRAL("[TOOL_CALLS]"),
    /** Llama 3.1 and later: an answer that is {@code {"name": ..., "parameters": {...}}}, several separated by {@code ;}, behind {@code <|python_tag|>} or not. */
    LLAMA("<|python_tag|>");

    private final String mark;

    ToolCallFormat(String mark) {
        this.mark = mark;
    }

    /** What calls begin with. */
    public String mark() {
        return mark;
    }

    /** The format that a chat template teaches; null if it is none of these. */
    static @Nullable ToolCallFormat of(String template) {
        if (template.contains("[ARGS]") || template.contains("<function=")) {
            return null; // of other versions and families, which have the same marks
        }
        if (template.contains(HERMES.mark)) {
            return template.contains("\"arguments\"") || template.contains("arguments") ? HERMES : null;
        }
        if (template.contains(MISTRAL.mark)) {
            return MISTRAL;
        }
        return template.contains("ipython") && template.contains("parameters") ? LLAMA : null;
    }

    /** Whether an answer that begins so may be nothing but calls. */
    boolean mayBegin(String text) {
        return this == LLAMA && text.stripLeading().startsWith("{");
    }

    /**
     * The calls at the end of an answer.
     *
     * @param text from {@link #mark} on, or from where they begin without it
     * @param ids gives a call without an id its own, by its place
     * @return none if it is anything but calls
     */
    List<ToolCall> parse(String text, IntFunction<String> ids) {
        try {
            return switch (this) {
                case HERMES -> hermes(text, ids);
                case MISTRAL -> mistral(text.substring(text.startsWith(mark) ? mark.length() : 0), ids);
                case LLAMA -> llama(text.strip(), ids);
            };
        } catch (InputException e) {
            return List.of(); // what is no JSON is text
        }
    }

    private List<ToolCall> hermes(String text, IntFunction<String> ids) {
        List<ToolCall> calls = new ArrayList<>();
        String rest = text.strip();
        while (!rest.isEmpty()) {
            int end = rest.indexOf("</tool_call>");
            if (!rest.startsWith(mark) || end < 0) {
                return List.of();
            }
            String inside = rest.substring(mark.length(), end);
            calls.add(call(Json.parse(inside, "a tool call"), "arguments", ids.apply(calls.size())));
            rest = rest.substring(end + "</tool_call>".length()).strip();
        }
        return calls;
    }

    private static List<ToolCall> mistral(String text, IntFunction<String> ids) {
        JsonArray array = Json.parse("{\"calls\":" + text + "}", "tool calls").array("calls");
        List<ToolCall> calls = new ArrayList<>();
        for (JsonObject object : array.objects()) {
            String own = object.stringOrNull("id");
            calls.add(call(object, "arguments", own == null ? ids.apply(calls.size()) : own));
        }
        return calls;
    }

    private List<ToolCall> llama(String text, IntFunction<String> ids) {
        List<ToolCall> calls = new ArrayList<>();
        String rest = text.startsWith(mark) ? text.substring(mark.length()).strip() : text;
        while (!rest.isEmpty()) {
            int end = objectEnd(rest);
            JsonObject object = Json.parse(rest.substring(0, end), "a tool call");
            calls.add(call(object, object.has("parameters") ? "parameters" : "arguments", ids.apply(calls.size())));
            rest = rest.substring(end).strip();
            rest = rest.startsWith(";") ? rest.substring(1).strip() : rest;
        }
        return calls;
    }

    /** Behind the bracket that closes the object with which a text begins; its end if there is none. */
    private static int objectEnd(String text) {
        int depth = 0;
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted) {
                i += c == '\\' ? 1 : 0;
                quoted = c != '"';
            } else if (c == '"') {
                quoted = true;
            } else if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0) {
                return i + 1;
            }
        }
        return text.length();
    }

    private static ToolCall call(JsonObject object, String arguments, String id) {
        return new ToolCall(
                id, object.string("name"), object.has(arguments) ? JsonWriter.line(object.object(arguments)) : "{}");
    }
}
