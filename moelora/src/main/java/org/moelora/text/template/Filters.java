package org.moelora.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Values.Undefined;

/** Filters and tests. */
final class Filters {
    private final Limits limits;
    private final Expressions expressions;
    private final Methods methods;

    Filters(Limits limits, Expressions expressions) {
        this.limits = limits;
        this.expressions = expressions;
        methods = new Methods(limits);
    }

    @Nullable Object apply(
            int line,
            String name,
            @Nullable Object value,
            List<@Nullable Object> values,
            Map<String, @Nullable Object> named) {
        for (String argument : named.keySet()) {
            if (!named(name).contains(argument)) {
                throw limits.unsupported(line, "the filter " + name + " with the argument " + argument);
            }
        }
        return switch (name) {
            case "default", "d" -> otherwise(value, values, named);
            case "tojson" -> {
                if (Values.truth(named.get("ensure_ascii"))) {
                    throw limits.unsupported(line, "the filter tojson with ensure_ascii");
                }
                yield json(line, value, named.getOrDefault("indent", values.isEmpty() ? null : values.getFirst()));
            }
            case "string" -> Values.text(limits, line, value);
            case "safe" -> value;
            case "trim" -> Methods.strip(text(line, name, value), argument(values), true, true);
            case "upper" -> text(line, name, value).toUpperCase(Locale.ROOT);
            case "lower" -> text(line, name, value).toLowerCase(Locale.ROOT);
            case "capitalize" -> Methods.capitalized(text(line, name, value));
            case "title" -> Methods.title(text(line, name, value));
            case "replace" -> {
                if (values.size() != 2
                        || !(values.get(0) instanceof String from)
                        || !(values.get(1) instanceof String to)) {
                    throw limits.unsupported(line, "the filter replace but of one text by another");
                }
                yield methods.replaced(line, text(line, name, value), from, to);
            }
            case "length", "count" -> length(line, value);
            case "first", "last" -> {
                List<?> list = expressions.iterable(line, value);
                yield list.isEmpty() ? Undefined.UNDEFINED : name.equals("first") ? list.getFirst() : list.getLast();
            }
            case "list" -> limits.list(line, new ArrayList<@Nullable Object>(expressions.iterable(line, value)));
            case "reverse" ->
                value instanceof String s
                        ? new StringBuilder(text(line, name, s)).reverse().toString()
                        : limits.list(
                                line,
                                new ArrayList<@Nullable Object>(
                                        expressions.iterable(line, value).reversed()));
            case "items" -> value instanceof Map<?, ?> map ? methods.items(line, map) : List.of();
            case "join" -> joined(line, value, values, named);
            case "int" -> whole(value, values);
            case "selectattr", "rejectattr" -> selected(line, value, values, true, name.equals("selectattr"));
            case "select", "reject" -> selected(line, value, values, false, name.equals("select"));
            case "map" -> mapped(line, value, values, named);
            default -> throw limits.unsupported(line, "the filter " + name);
        };
    }

    /** The arguments with names that a filter knows; {@code ensure_ascii} counts as false, as it is set where templates are published. */
    private static Set<String> named(String filter) {
        return switch (filter) {
            case "default", "d" -> Set.of("default_value", "boolean");
            case "tojson" -> Set.of("indent", "ensure_ascii");
            case "join" -> Set.of("attribute");
            case "map" -> Set.of("attribute", "default");
            default -> Set.of();
        };
    }

    private static @Nullable String argument(List<@Nullable Object> values) {
        return !values.isEmpty() && values.getFirst() instanceof String text ? text : null;
    }

    private String text(int line, String filter, @Nullable Object value) {
        if (value instanceof List<?> || value instanceof Map<?, ?>) {
            throw limits.error(line, "has the filter " + filter + " on what is no text");
        }
        String text = Values.text(limits, line, value);
        limits.characters(line, text.length());
        return text;
    }

    private static @Nullable Object otherwise(
            @Nullable Object value, List<@Nullable Object> values, Map<String, @Nullable Object> named) {
        boolean alsoFalse = values.size() > 1 ? Values.truth(values.get(1)) : Values.truth(named.get("boolean"));
        Object other = values.isEmpty() ? named.getOrDefault("default_value", "") : values.getFirst();
        return value instanceof Undefined || (alsoFalse && !Values.truth(value)) ? other : value;
    }

    private String json(int line, @Nullable Object value, @Nullable Object indent) {
        if (value instanceof Undefined || (indent != null && !(indent instanceof Long n && n >= 0 && n <= 16))) {
            throw limits.error(line, "writes JSON of what is not defined, or with an indent that is not 0 to 16");
        }
        return Values.json(limits, line, value, indent instanceof Long n ? n.intValue() : -1);
    }

    private long length(int line, @Nullable Object value) {
        return switch (value) {
            case String s -> {
                limits.characters(line, s.length());
                yield s.codePointCount(0, s.length());
            }
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case Undefined u -> 0;
            case null, default -> throw limits.error(line, "asks for the length of what has none");
        };
    }

    private String joined(
            int line, @Nullable Object value, List<@Nullable Object> values, Map<String, @Nullable Object> named) {
        String between = values.isEmpty() ? "" : Values.text(limits, line, values.getFirst());
        List<?> list = expressions.iterable(line, value);
        Object attribute = named.get("attribute");
        if (attribute != null) {
            List<@Nullable Object> fields = new ArrayList<>();
            for (Object item : list) {
                fields.add(expressions.item(line, item, attribute));
            }
            list = fields;
        }
        return methods.joined(line, between, list);
    }

    private static @Nullable Object whole(@Nullable Object value, List<@Nullable Object> values) {
        Object otherwise = values.isEmpty() ? Long.valueOf(0) : values.getFirst();
        return switch (value) {
            case Long n -> n;
            case Double d -> d.longValue();
            case Boolean b -> b ? 1L : 0L;
            case String s when s.strip().matches("[+-]?[0-9]{1,18}") -> Long.parseLong(s.strip());
            case null, default -> otherwise;
        };
    }

    private List<@Nullable Object> selected(
            int line, @Nullable Object value, List<@Nullable Object> values, boolean byField, boolean keep) {
        int at = byField ? 1 : 0;
        if (byField && values.isEmpty()) {
            throw limits.error(line, "selects by a field without its name");
        }
        String test = values.size() > at ? Values.text(limits, line, values.get(at)) : "";
        List<@Nullable Object> arguments = values.subList(Math.min(values.size(), at + 1), values.size());
        List<@Nullable Object> result = new ArrayList<>();
        for (Object item : expressions.iterable(line, value)) {
            limits.step(line);
            Object tested = byField ? expressions.item(line, item, values.getFirst()) : item;
            boolean holds = test.isEmpty() ? Values.truth(tested) : test(line, test, tested, arguments);
            if (holds == keep) {
                result.add(item);
            }
        }
        return limits.list(line, result);
    }

    private List<@Nullable Object> mapped(
            int line, @Nullable Object value, List<@Nullable Object> values, Map<String, @Nullable Object> named) {
        List<@Nullable Object> result = new ArrayList<>();
        for (Object item : expressions.iterable(line, value)) {
            limits.step(line);
            if (named.containsKey("attribute")) {
                Object field = expressions.item(line, item, named.get("attribute"));
                result.add(field instanceof Undefined && named.containsKey("default") ? named.get("default") : field);
            } else if (!values.isEmpty() && values.getFirst() instanceof String filter && !filter.equals("map")) {
                result.add(apply(line, filter, item, values.subList(1, values.size()), named));
            } else {
                throw limits.unsupported(line, "the filter map without an attribute or a filter");
            }
        }
        return limits.list(line, result);
    }

    boolean test(int line, String name, @Nullable Object value, List<@Nullable Object> values) {
        Object other = values.isEmpty() ? Undefined.UNDEFINED : values.getFirst();
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == null;
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map<?, ?>;
            case "iterable", "sequence" ->
                value instanceof List<?> || value instanceof String || value instanceof Map<?, ?>;
            case "number" -> value instanceof Number || value instanceof Boolean;
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "callable" -> value instanceof Values.Macro || value instanceof Values.Function;
            case "equalto", "eq" -> Values.equal(limits, line, value, other);
            case "ne" -> !Values.equal(limits, line, value, other);
            case "in" -> Operators.in(limits, line, value, other);
            case "odd", "even" -> {
                if (!(value instanceof Long n)) {
                    throw limits.error(line, "asks whether what is no whole number is " + name);
                }
                yield (n % 2 != 0) == name.equals("odd");
            }
            default -> throw limits.unsupported(line, "the test " + name);
        };
    }
}
