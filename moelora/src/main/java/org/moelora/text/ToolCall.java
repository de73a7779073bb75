package org.moelora.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/**
 * A call of a {@link Tool} that a model asks for.
 *
 * @param id by which the tool's answer names it: nine letters and digits, unless the model gave one
 * @param name the tool's
 * @param arguments a JSON object
 */
public record ToolCall(String id, String name, String arguments) {
    /**
     * @throws InputException if the arguments are no JSON object
     */
    public ToolCall {
        Json.parse(arguments, "the arguments of " + name);
    }

    /** As a chat template reads it: the arguments are a map, not text. */
    Map<String, @Nullable Object> value() {
        Map<String, @Nullable Object> function = new LinkedHashMap<>();
        function.put("name", name);
        function.put("arguments", value(Json.parse(arguments, "the arguments of " + name)));
        Map<String, @Nullable Object> call = new LinkedHashMap<>();
        call.put("id", id);
        call.put("type", "function");
        call.put("function", function);
        return call;
    }

    /** A value of JSON as a template has it. */
    static @Nullable Object value(@Nullable Object json) {
        return switch (json) {
            case JsonObject object -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                object.names().forEach(name -> map.put(name, value(object.get(name))));
                yield map;
            }
            case JsonArray array -> {
                List<@Nullable Object> list = new ArrayList<>(array.size());
                for (int i = 0; i < array.size(); i++) {
                    list.add(value(array.get(i)));
                }
                yield list;
            }
            case null, default -> json;
        };
    }
}
