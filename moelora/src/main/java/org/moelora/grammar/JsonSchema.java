package org.moelora.grammar;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;

/**
 * Reads a JSON Schema (draft 2020-12) as {@link Rules}. Every text that they allow is valid; what the schema allows and they do not: properties in another order than the schema's, ones
 * that it does not name unless {@code additionalProperties} is given or it names none, escapes in names and in strings with a pattern, numbers of more than 15 digits. Used once.
 */
final class JsonSchema {
    private static final String SOURCE = "the JSON Schema";

    private static final Set<String> ANNOTATIONS = Set.of(
            "$schema",
            "$id",
            "$comment",
            "$defs",
            "definitions",
            "title",
            "description",
            "default",
            "examples",
            "deprecated",
            "readOnly",
            "writeOnly");

    /** Keywords of values of one type. */
    private static final Map<String, Set<String>> KEYWORDS = new LinkedHashMap<>();

    static {
        KEYWORDS.put("object", Set.of("properties", "required", "additionalProperties"));
        KEYWORDS.put("array", Set.of("items", "minItems", "maxItems"));
        KEYWORDS.put("string", Set.of("pattern", "minLength", "maxLength"));
        KEYWORDS.put("number", Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"));
        KEYWORDS.put("integer", Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"));
        KEYWORDS.put("boolean", Set.of());
        KEYWORDS.put("null", Set.of());
    }

    private static final String EXPECTED =
            "type, properties, required, additionalProperties, items, minItems, maxItems, enum, const, anyOf, pattern, minLength, maxLength, minimum, maximum, exclusiveMinimum,"
                    + " exclusiveMaximum, $ref and $defs";

    private final Rules rules;
    private final JsonParts json;
    private final JsonObject root;
    private final Map<String, Integer> references = new HashMap<>();

    private JsonSchema(Rules rules, JsonObject root) {
        this.rules = rules;
        this.root = root;
        json = new JsonParts(rules);
    }

    /**
     * @throws InputException if it is no JSON Schema
     * @throws UnsupportedFeature naming a keyword that is not supported
     */
    static Rules read(String schema) {
        Rules rules = new Rules(SOURCE);
        JsonSchema reader = new JsonSchema(rules, Json.parse(schema, SOURCE));
        rules.define(0, Rules.sequence(JsonParts.space(), reader.reference("#", reader.root)));
        return rules;
    }

    /** Any JSON object. */
    static Rules anyObject() {
        Rules rules = new Rules("JSON");
        rules.define(0, Rules.sequence(JsonParts.space(), new JsonParts(rules).object()));
        return rules;
    }

    private Rules.Part value(@Nullable Object schema, JsonObject in, String name) {
        if (schema instanceof Boolean allowed) {
            return allowed ? json.any() : Rules.anyOf(List.of());
        }
        if (schema instanceof JsonObject object) {
            return value(object);
        }
        throw in.error(name, "a schema");
    }

    private Rules.Part value(JsonObject schema) {
        Set<String> keywords = new LinkedHashSet<>(schema.names());
        keywords.removeAll(ANNOTATIONS);
        for (String alone : List.of("$ref", "anyOf", "allOf")) {
            if (keywords.contains(alone)) {
                keywords.remove(alone);
                refuse(schema, keywords, "beside " + alone);
                return switch (alone) {
                    case "$ref" -> reference(schema.string("$ref"), schema);
                    case "anyOf" -> alternatives(schema, "anyOf");
                    default -> all(schema);
                };
            }
        }
        List<String> types = types(schema, keywords);
        keywords.remove("type");
        for (String given : List.of("const", "enum")) {
            if (keywords.contains(given)) {
                keywords.remove(given);
                refuse(schema, keywords, "beside " + given);
                return values(schema, given, types);
            }
        }
        for (String keyword : keywords) {
            if (KEYWORDS.values().stream().noneMatch(known -> known.contains(keyword))) {
                refuse(schema, Set.of(keyword), "");
            }
        }
        if (types.isEmpty()) {
            return json.any();
        }
        List<Rules.Part> parts = new ArrayList<>();
        for (String type : types) {
            parts.add(ofType(schema, type));
        }
        return parts.size() == 1 ? parts.getFirst() : Rules.anyOf(parts);
    }

    private static void refuse(JsonObject schema, Set<String> keywords, String beside) {
        if (!keywords.isEmpty()) {
            throw new UnsupportedFeature(
                    schema.where(),
                    "the keyword \"" + keywords.iterator().next() + "\"" + (beside.isEmpty() ? "" : " " + beside),
                    EXPECTED);
        }
    }

    /** The types that are given, or those that keywords are of; none for any. */
    private static List<String> types(JsonObject schema, Set<String> keywords) {
        if (!keywords.contains("type")) {
            if (keywords.contains("enum") || keywords.contains("const")) {
                return List.of();
            }
            return KEYWORDS.entrySet().stream()
                    .filter(entry -> !entry.getKey().equals("integer")
                            && entry.getValue().stream().anyMatch(keywords::contains))
                    .map(Map.Entry::getKey)
                    .toList();
        }
        List<String> types =
                schema.get("type") instanceof JsonArray array ? array.strings() : List.of(schema.string("type"));
        for (String type : types) {
            if (!KEYWORDS.containsKey(type)) {
                throw schema.error("type", "one or several of " + String.join(", ", KEYWORDS.keySet()));
            }
        }
        if (types.isEmpty()) {
            throw schema.error("type", "at least one type");
        }
        return types;
    }

    private Rules.Part ofType(JsonObject schema, String type) {
        return switch (type) {
            case "object" -> object(schema);
            case "array" -> array(schema);
            case "string" -> string(schema);
            case "integer" -> integer(schema);
            case "number" -> number(schema);
            case "boolean" -> Rules.anyOf(List.of(Rules.text("true"), Rules.text("false")));
            default -> Rules.text("null");
        };
    }

    private Rules.Part alternatives(JsonObject schema, String name) {
        JsonArray array = schema.array(name);
        if (array.size() == 0) {
            throw schema.error(name, "at least one schema");
        }
        List<Rules.Part> parts = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            parts.add(value(array.get(i), schema, name));
        }
        return Rules.anyOf(parts);
    }

    private Rules.Part all(JsonObject schema) {
        if (schema.array("allOf").size() != 1) {
            refuse(schema, Set.of("allOf"), "with several schemas");
        }
        return alternatives(schema, "allOf");
    }

    private Rules.Part values(JsonObject schema, String name, List<String> types) {
        List<@Nullable Object> values = new ArrayList<>();
        if (name.equals("const")) {
            values.add(schema.get(name));
        } else {
            JsonArray array = schema.array(name);
            for (int i = 0; i < array.size(); i++) {
                values.add(array.get(i));
            }
        }
        List<Rules.Part> parts = new ArrayList<>();
        for (Object value : values) {
            if (types.isEmpty() || types.stream().anyMatch(type -> isOf(value, type))) {
                parts.add(Rules.text(JsonWriter.line(value)));
            }
        }
        if (parts.isEmpty()) {
            throw schema.error(name, "at least one value" + (types.isEmpty() ? "" : " of the type " + types));
        }
        return Rules.anyOf(parts);
    }

    private static boolean isOf(@Nullable Object value, String type) {
        return switch (type) {
            case "object" -> value instanceof JsonObject;
            case "array" -> value instanceof JsonArray;
            case "string" -> value instanceof String;
            case "boolean" -> value instanceof Boolean;
            case "number" -> value instanceof Number;
            case "integer" -> value instanceof Number number && (!(number instanceof Double d) || d == Math.rint(d));
            default -> value == null;
        };
    }

    /** What a reference within the schema points to (RFC 6901), as a rule of its own, so that it may refer to itself. */
    private Rules.Part reference(String pointer, JsonObject in) {
        Integer known = references.get(pointer);
        if (known == null) {
            if (!pointer.equals("#") && !pointer.startsWith("#/")) {
                throw new UnsupportedFeature(
                        in.where(), "the reference \"" + pointer + "\"", "one within the schema, such as #/$defs/name");
            }
            known = rules.declare(false);
            references.put(pointer, known);
            rules.define(known, value(target(pointer, in), in, "$ref"));
        }
        return Rules.call(known);
    }

    private @Nullable Object target(String pointer, JsonObject in) {
        Object at = root;
        String[] names =
                pointer.equals("#") ? new String[0] : pointer.substring(2).split("/", -1);
        for (String escaped : names) {
            String name = decoded(escaped, in).replace("~1", "/").replace("~0", "~");
            if (at instanceof JsonObject object && object.names().contains(name)) {
                at = object.get(name);
            } else if (at instanceof JsonArray array
                    && name.matches("[0-9]{1,6}")
                    && Integer.parseInt(name) < array.size()) {
                at = array.get(Integer.parseInt(name));
            } else {
                throw in.error("$ref", "a pointer to something in the schema");
            }
        }
        return at;
    }

    private static String decoded(String part, JsonObject in) {
        try {
            return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    in.where() + ": the $ref is not encoded as URLs are; expected a pointer to something in the schema",
                    e);
        }
    }

    /** A value of more levels than its parts. */
    private Rules.Part nested(Rules.Part part) {
        int rule = rules.declare(true);
        rules.define(rule, part);
        return Rules.call(rule);
    }

    /** A property that the schema names. */
    private record Member(Rules.Part part, boolean required) {}

    private Rules.Part object(JsonObject schema) {
        JsonObject properties = schema.objectOrNull("properties");
        JsonArray given = schema.arrayOrNull("required");
        Set<String> required = new LinkedHashSet<>(given == null ? List.of() : given.strings());
        Object additional = schema.get("additionalProperties");
        boolean open =
                additional == null ? properties == null && required.isEmpty() : !Boolean.FALSE.equals(additional);
        Rules.Part other = additional == null ? json.any() : value(additional, schema, "additionalProperties");
        Set<String> names = new LinkedHashSet<>(properties == null ? Set.of() : properties.names());
        names.addAll(required);
        List<Member> members = new ArrayList<>();
        for (String name : names) {
            Rules.Part value = properties != null && properties.names().contains(name)
                    ? value(properties.get(name), properties, name)
                    : other;
            members.add(new Member(
                    Rules.sequence(Rules.text(JsonWriter.line(name)), JsonParts.colon(), value),
                    required.contains(name)));
        }
        Rules.Part more = open ? Rules.sequence(json.stringBut(names), JsonParts.colon(), other) : null;
        return nested((at, from) -> members(at, from, members, more));
    }

    /** Members in order, those that are not required or not; more of them behind. */
    private static int members(Rules rules, int from, List<Member> members, Rules.@Nullable Part more) {
        int none = Rules.sequence(Rules.text("{"), JsonParts.space())
                .after(rules, from); // none so far; -1 when that cannot be
        int some = -1;
        for (Member member : members) {
            int with = rules.state();
            if (none >= 0) {
                rules.join(member.part.after(rules, none), with);
            }
            if (some >= 0) {
                rules.join(Rules.sequence(JsonParts.comma(), member.part).after(rules, some), with);
                if (!member.required) {
                    rules.join(some, with);
                }
            }
            none = member.required ? -1 : none;
            some = with;
        }
        if (more != null) {
            int with = rules.state();
            if (none >= 0) {
                rules.join(more.after(rules, none), with);
            }
            if (some >= 0) {
                rules.join(some, with);
            }
            rules.join(Rules.sequence(JsonParts.comma(), more).after(rules, with), with);
            some = with;
        }
        int end = rules.state();
        if (none >= 0) {
            rules.join(none, end);
        }
        if (some >= 0) {
            rules.join(JsonParts.space().after(rules, some), end);
        }
        return Rules.text("}").after(rules, end);
    }

    private Rules.Part array(JsonObject schema) {
        int least = count(schema, "minItems", 0);
        int most = count(schema, "maxItems", -1);
        checkOrder(schema, "maxItems", least, most);
        Object items = schema.get("items");
        Rules.Part element = items == null ? json.any() : value(items, schema, "items");
        return nested(JsonParts.array(element, least, most));
    }

    private Rules.Part string(JsonObject schema) {
        int least = count(schema, "minLength", 0);
        int most = count(schema, "maxLength", -1);
        checkOrder(schema, "maxLength", least, most);
        String pattern = schema.stringOrNull("pattern");
        if (pattern == null) {
            return json.string(least, most);
        }
        if (least > 0 || most >= 0) {
            refuse(schema, Set.of(least > 0 ? "minLength" : "maxLength"), "beside pattern");
        }
        return Rules.sequence(
                Rules.text("\""),
                RegexReader.anywhere(
                        schema.where() + ": the pattern \"" + pattern + "\"", pattern, JsonParts::inString),
                Rules.text("\""));
    }

    private static int count(JsonObject schema, String name, int otherwise) {
        if (!schema.has(name)) {
            return otherwise;
        }
        int count = schema.integer(name);
        if (count < 0) {
            throw schema.error(name, "0 or more");
        }
        return count;
    }

    private static void checkOrder(JsonObject schema, String name, int least, int most) {
        if (most >= 0 && most < least) {
            throw schema.error(name, "at least " + least + ", which is the least number");
        }
    }

    /** Bounds of a number, in whole numbers: null where there is none. */
    private record Bound(@Nullable Long value, boolean excluded) {
        static final Bound NONE = new Bound(null, false);
    }

    private Rules.Part integer(JsonObject schema) {
        BigDecimal low = bound(schema, "minimum", "exclusiveMinimum", true);
        BigDecimal high = bound(schema, "maximum", "exclusiveMaximum", false);
        BigDecimal largest = BigDecimal.valueOf(Digits.LARGEST);
        BigDecimal least = low == null ? largest.negate() : low.max(largest.negate());
        BigDecimal most = high == null ? largest : high.min(largest);
        if (least.compareTo(most) > 0) {
            return Rules.anyOf(List.of());
        }
        return Digits.between(least.longValueExact(), most.longValueExact());
    }

    /** The least or greatest whole number within both bounds. */
    private static @Nullable BigDecimal bound(JsonObject schema, String included, String excluded, boolean lower) {
        BigDecimal closed = decimal(schema, included);
        BigDecimal open = decimal(schema, excluded);
        RoundingMode inward = lower ? RoundingMode.CEILING : RoundingMode.FLOOR;
        BigDecimal bound = closed == null ? null : closed.setScale(0, inward);
        if (open != null) {
            BigDecimal within = open.setScale(0, inward);
            if (within.compareTo(open) == 0) {
                within = lower ? within.add(BigDecimal.ONE) : within.subtract(BigDecimal.ONE);
            }
            bound = bound == null ? within : lower ? bound.max(within) : bound.min(within);
        }
        return bound;
    }

    private static @Nullable BigDecimal decimal(JsonObject schema, String name) {
        if (!schema.has(name)) {
            return null;
        }
        schema.number(name);
        return new BigDecimal(String.valueOf(schema.get(name)));
    }

    private Rules.Part number(JsonObject schema) {
        Bound low = whole(schema, "minimum", "exclusiveMinimum");
        Bound high = whole(schema, "maximum", "exclusiveMaximum");
        if (low.value == null && high.value == null) {
            return JsonParts.number();
        }
        List<Rules.Part> parts = new ArrayList<>();
        Bound zero = new Bound(0L, false);
        if (high.value == null || high.value >= 0) {
            parts.add(size(low.value == null || low.value < 0 ? zero : low, high));
        }
        if (low.value == null || low.value < 0) {
            Bound least = high.value == null || high.value > 0 ? zero : minus(high);
            parts.add(Rules.sequence(Rules.text("-"), size(least, minus(low))));
        }
        return Rules.anyOf(parts);
    }

    private static Bound minus(Bound bound) {
        return bound.value == null ? bound : new Bound(-bound.value, bound.excluded);
    }

    private static Bound whole(JsonObject schema, String included, String excluded) {
        BigDecimal closed = decimal(schema, included);
        BigDecimal open = decimal(schema, excluded);
        if (closed != null && open != null) {
            refuse(schema, Set.of(excluded), "beside " + included);
        }
        BigDecimal bound = closed == null ? open : closed;
        if (bound == null) {
            return Bound.NONE;
        }
        if (bound.stripTrailingZeros().scale() > 0 || bound.abs().compareTo(BigDecimal.valueOf(Digits.LARGEST)) > 0) {
            refuse(
                    schema,
                    Set.of(closed == null ? excluded : included),
                    "of a number, other than a whole one of 15 digits");
        }
        return new Bound(bound.longValue(), closed == null);
    }

    /** A number that is not negative, without an exponent. */
    private static Rules.Part size(Bound least, Bound most) {
        long low = least.value == null ? 0 : least.value;
        if (most.value == null) {
            return Rules.anyOf(List.of(
                    low == Digits.LARGEST
                            ? Rules.anyOf(List.of())
                            : Rules.sequence(Digits.between(low + 1, Digits.LARGEST), JsonParts.fraction()),
                    from(low, least.excluded)));
        }
        long high = most.value;
        List<Rules.Part> parts = new ArrayList<>();
        if (low < high) {
            parts.add(from(low, least.excluded));
        }
        if (low + 1 < high) {
            parts.add(Rules.sequence(Digits.between(low + 1, high - 1), JsonParts.fraction()));
        }
        if (low <= high && !most.excluded && !(low == high && least.excluded)) {
            parts.add(Rules.sequence(
                    Digits.between(high, high),
                    Rules.optional(Rules.sequence(Rules.text("."), Rules.repeat(Rules.text("0"), 1, Digits.MOST)))));
        }
        return Rules.anyOf(parts);
    }

    /** A number from a whole one to before the next. */
    private static Rules.Part from(long whole, boolean excluded) {
        Rules.Part behind = Rules.sequence(
                Rules.text("."),
                Rules.repeat(Rules.text("0"), 0, 7),
                Digits.digit(1, 9),
                Rules.repeat(Digits.digit(0, 9), 0, 7));
        return Rules.sequence(Digits.between(whole, whole), excluded ? behind : JsonParts.fraction());
    }
}
