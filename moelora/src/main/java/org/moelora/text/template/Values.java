package org.moelora.text.template;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A template's values: null (none), {@link Undefined}, Boolean, Long, Double, String, List, Map (with string keys), {@link Macro},
 * {@link Function}.
 */
final class Values {
    /** What a variable is that nobody set. */
    enum Undefined {
        UNDEFINED
    }

    /** A function that is always there. */
    enum Function {
        RAISE_EXCEPTION,
        NAMESPACE,
        RANGE,
        DICT
    }

    /** A macro and the scope that it was written in. */
    record Macro(Statement.Macro statement, Scope scope) {}

    private Values() {}

    static boolean truth(@Nullable Object value) {
        return switch (value) {
            case null -> false;
            case Undefined u -> false;
            case Boolean b -> b;
            case Number n -> n.doubleValue() != 0;
            case String s -> !s.isEmpty();
            case Collection<?> c -> !c.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            default -> true;
        };
    }

    static boolean equal(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Number x && b instanceof Number y) {
            return a instanceof Long && b instanceof Long
                    ? x.longValue() == y.longValue()
                    : x.doubleValue() == y.doubleValue();
        }
        return Objects.equals(a, b);
    }

    /** As Python writes it into a text. */
    static String text(@Nullable Object value) {
        return switch (value) {
            case null -> "None";
            case Undefined u -> "";
            case Boolean b -> b ? "True" : "False";
            case List<?> list ->
                list.stream().map(Values::quoted).collect(Collectors.joining(", ", "[", "]"));
            case Map<?, ?> map ->
                map.entrySet().stream()
                        .map(entry -> quoted(entry.getKey()) + ": " + quoted(entry.getValue()))
                        .collect(Collectors.joining(", ", "{", "}"));
            default -> value.toString();
        };
    }

    private static String quoted(@Nullable Object value) {
        if (!(value instanceof String s)) {
            return text(value);
        }
        char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
        String escaped = s.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t");
        return quote + (quote == '\'' ? escaped.replace("'", "\\'") : escaped) + quote;
    }

    /** JSON as Python's {@code json.dumps} writes it, characters beyond ASCII as they are. */
    static void json(@Nullable Object value, int indent, int level, StringBuilder out) {
        switch (value) {
            case List<?> list -> {
                out.append('[');
                String between = "";
                for (Object item : list) {
                    out.append(between);
                    line(indent, level + 1, out);
                    json(item, indent, level + 1, out);
                    between = indent < 0 ? ", " : ",";
                }
                line(list.isEmpty() ? -1 : indent, level, out);
                out.append(']');
            }
            case Map<?, ?> map -> {
                out.append('{');
                String between = "";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    out.append(between);
                    line(indent, level + 1, out);
                    jsonString(String.valueOf(entry.getKey()), out);
                    out.append(": ");
                    json(entry.getValue(), indent, level + 1, out);
                    between = indent < 0 ? ", " : ",";
                }
                line(map.isEmpty() ? -1 : indent, level, out);
                out.append('}');
            }
            case null -> out.append("null");
            case Number n -> out.append(n);
            case Boolean b -> out.append(b.booleanValue());
            default -> jsonString(text(value), out);
        }
    }

    private static void line(int indent, int level, StringBuilder out) {
        if (indent >= 0) {
            out.append('\n').repeat(" ", indent * level);
        }
    }

    private static void jsonString(String text, StringBuilder out) {
        out.append('"');
        for (char c : text.toCharArray()) {
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ') {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
