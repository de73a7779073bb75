package org.moelora.grammar;

import java.math.BigDecimal;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;

/** Whether a value is valid by a JSON Schema: a validator that shares nothing with what writes. */
final class SchemaCheck {
    private final JsonObject root;

    SchemaCheck(String schema) {
        root = Json.parse(schema, "schema");
    }

    boolean accepts(String text) {
        return valid(root, Json.parse("{\"value\":" + text + "}", text).get("value"));
    }

    private boolean valid(@Nullable Object schema, @Nullable Object value) {
        if (schema instanceof Boolean all) {
            return all;
        }
        JsonObject s = (JsonObject) schema;
        if (s.has("$ref")) {
            Object at = root;
            String[] names = s.string("$ref").split("/");
            for (int i = 1; i < names.length; i++) {
                at = ((JsonObject) at).get(names[i]);
            }
            return valid(at, value);
        }
        if (s.has("anyOf") && s.array("anyOf").objects().stream().noneMatch(each -> valid(each, value))) {
            return false;
        }
        if (s.has("enum") && !contains(s.array("enum"), value)) {
            return false;
        }
        if (s.names().contains("const") && !JsonWriter.line(s.get("const")).equals(JsonWriter.line(value))) {
            return false;
        }
        if (s.has("type")) {
            List<String> types = s.get("type") instanceof JsonArray all ? all.strings() : List.of(s.string("type"));
            if (types.stream().noneMatch(type -> is(type, value))) {
                return false;
            }
        }
        return switch (value) {
            case JsonObject object -> validObject(s, object);
            case JsonArray array -> validArray(s, array);
            case String text -> validText(s, text);
            case Number number -> validNumber(s, new BigDecimal(number.toString()));
            case null, default -> true;
        };
    }

    private static boolean contains(JsonArray values, @Nullable Object value) {
        for (int i = 0; i < values.size(); i++) {
            if (JsonWriter.line(values.get(i)).equals(JsonWriter.line(value))) {
                return true;
            }
        }
        return false;
    }

    private static boolean is(String type, @Nullable Object value) {
        return switch (type) {
            case "object" -> value instanceof JsonObject;
            case "array" -> value instanceof JsonArray;
            case "string" -> value instanceof String;
            case "boolean" -> value instanceof Boolean;
            case "integer" -> value instanceof Long;
            case "number" -> value instanceof Number;
            default -> value == null;
        };
    }

    private boolean validObject(JsonObject s, JsonObject object) {
        JsonObject properties = s.objectOrNull("properties");
        for (String name : object.names()) {
            boolean known = properties != null && properties.names().contains(name);
            Object by = known ? properties.get(name) : s.get("additionalProperties");
            if (by != null && !valid(by, object.get(name))) {
                return false;
            }
        }
        return !s.has("required")
                || object.names().containsAll(s.array("required").strings());
    }

    private boolean validArray(JsonObject s, JsonArray array) {
        for (int i = 0; i < array.size(); i++) {
            if (s.has("items") && !valid(s.get("items"), array.get(i))) {
                return false;
            }
        }
        return array.size() >= s.integer("minItems", 0) && array.size() <= s.integer("maxItems", Integer.MAX_VALUE);
    }

    private static boolean validText(JsonObject s, String text) {
        int length = text.codePointCount(0, text.length());
        return length >= s.integer("minLength", 0)
                && length <= s.integer("maxLength", Integer.MAX_VALUE)
                && (!s.has("pattern")
                        || Pattern.compile(s.string("pattern")).matcher(text).find());
    }

    private static boolean validNumber(JsonObject s, BigDecimal number) {
        return (!s.has("minimum") || number.compareTo(bound(s, "minimum")) >= 0)
                && (!s.has("maximum") || number.compareTo(bound(s, "maximum")) <= 0)
                && (!s.has("exclusiveMinimum") || number.compareTo(bound(s, "exclusiveMinimum")) > 0)
                && (!s.has("exclusiveMaximum") || number.compareTo(bound(s, "exclusiveMaximum")) < 0);
    }

    private static BigDecimal bound(JsonObject s, String name) {
        return new BigDecimal(String.valueOf(s.get(name)));
    }
}
