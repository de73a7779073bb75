package org.moelora.text;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.Json;

/**
 * A function that a model may ask to be called.
 *
 * @param name letters, digits, {@code _}, {@code -} and {@code .}, 1 to 64 of them
 * @param description what it does, for the model
 * @param parameters the JSON Schema of an object, its arguments
 */
public record Tool(String name, @Nullable String description, String parameters) {
    /**
     * @throws InputException if the name is none, or the parameters are no JSON object
     */
    public Tool {
        if (!name.matches("[A-Za-z0-9_.-]{1,64}")) {
            throw new InputException("a tool is named \"" + name + "\"; expected 1 to 64 letters, digits, _, - and .");
        }
        Json.parse(parameters, "the parameters of the tool " + name);
    }

    /** As a chat template reads it, in OpenAI's form. */
    Map<String, @Nullable Object> value() {
        Map<String, @Nullable Object> function = new LinkedHashMap<>();
        function.put("name", name);
        if (description != null) {
            function.put("description", description);
        }
        function.put("parameters", ToolCall.value(Json.parse(parameters, "the parameters of the tool " + name)));
        Map<String, @Nullable Object> tool = new LinkedHashMap<>();
        tool.put("type", "function");
        tool.put("function", function);
        return tool;
    }
}
