package org.moelora.text.template;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Values.Undefined;

/** Writes a value, in a bounded text however often it contains another. */
final class Writing {
    /** How scalars, strings and what stands between look. */
    private enum Style {
        PYTHON,
        JSON
    }

    private final Limits limits;
    private final int line;
    private final Style style;
    private final StringBuilder out = new StringBuilder();
    private @Nullable String indent;
    private String between = ", ";
    private String afterKey = ": ";
    private boolean sortsKeys;
    private boolean asciiOnly;

    private Writing(Limits limits, int line, Style style) {
        this.limits = limits;
        this.line = line;
        this.style = style;
    }

    /** As Python writes it into a text. */
    static String python(Limits limits, int line, @Nullable Object value) {
        return new Writing(limits, line, Style.PYTHON).text(value);
    }

    /** As Python's {@code json.dumps} writes it, with the arguments that transformers gives its filter tojson. */
    static String json(Limits limits, int line, @Nullable Object value, Arguments arguments) {
        Writing writing = new Writing(limits, line, Style.JSON);
        Object indent = arguments.get("indent", null);
        if (indent instanceof Long n && n >= 0 && n <= 16) {
            writing.indent = " ".repeat((int) (long) n);
        } else if (indent instanceof String s && s.length() <= 16) {
            writing.indent = s;
        } else if (indent != null) {
            throw limits.error(line, "writes JSON with an indent that is not 0 to 16");
        }
        writing.between = writing.indent == null ? ", " : ",";
        Object separators = arguments.get("separators", null);
        if (separators instanceof List<?> list
                && list.size() == 2
                && list.get(0) instanceof String item
                && list.get(1) instanceof String key) {
            writing.between = item;
            writing.afterKey = key;
        } else if (separators != null) {
            throw limits.error(line, "writes JSON with separators that are not two texts");
        }
        writing.sortsKeys = arguments.flag("sort_keys", false);
        writing.asciiOnly = arguments.flag("ensure_ascii", false);
        return writing.text(value);
    }

    private String text(@Nullable Object value) {
        write(value, 0);
        return out.toString();
    }

    private void write(@Nullable Object value, int level) {
        limits.enter(line);
        boolean json = style == Style.JSON;
        switch (value) {
            case null -> add(json ? "null" : "None");
            case Boolean b -> add(json ? b.toString() : b ? "True" : "False");
            case Number n -> add(Numbers.text(n));
            case String s -> string(s);
            case List<?> list -> list(list, level);
            case Namespace n -> throw limits.error(line, "writes a namespace");
            case Map<?, ?> map -> map(map, level);
            case Undefined u -> {
                if (json) {
                    throw limits.error(line, "writes what is not defined");
                }
                add("Undefined");
            }
            default -> throw limits.error(line, "writes a function");
        }
        limits.leave();
    }

    private void list(List<?> list, int level) {
        boolean tuple = style == Style.PYTHON && list instanceof Tuple;
        add(tuple ? "(" : "[");
        String separator = "";
        for (Object item : list) {
            add(separator);
            begin(level + 1);
            write(item, level + 1);
            separator = between;
        }
        end(list.isEmpty(), level);
        add(tuple ? list.size() == 1 ? ",)" : ")" : "]");
    }

    private void map(Map<?, ?> map, int level) {
        add("{");
        String separator = "";
        for (Map.Entry<?, ?> entry : (sortsKeys ? sorted(map) : map).entrySet()) {
            add(separator);
            begin(level + 1);
            string((String) Objects.requireNonNull(entry.getKey()));
            add(afterKey);
            write(entry.getValue(), level + 1);
            separator = between;
        }
        end(map.isEmpty(), level);
        add("}");
    }

    private static Map<?, ?> sorted(Map<?, ?> map) {
        Map<String, @Nullable Object> sorted = new TreeMap<>(Operators::compareTexts);
        map.forEach((key, value) -> sorted.put((String) Objects.requireNonNull(key), value));
        return sorted;
    }

    private void add(String text) {
        limits.characters(line, text.length());
        out.append(text);
    }

    private void begin(int level) {
        if (indent != null) {
            limits.characters(line, 1 + (long) indent.length() * level);
            out.append('\n').repeat(indent, level);
        }
    }

    private void end(boolean empty, int level) {
        if (!empty) {
            begin(level);
        }
    }

    /** With quotes: JSON's, or those that Python prefers. */
    private void string(String text) {
        limits.characters(line, text.length());
        boolean json = style == Style.JSON;
        char quote = json || (text.indexOf('\'') >= 0 && text.indexOf('"') < 0) ? '"' : '\'';
        out.append(quote);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == quote || c == '\\') {
                out.append('\\').append(c);
            } else {
                switch (c) {
                    case '\n' -> out.append("\\n");
                    case '\r' -> out.append("\\r");
                    case '\t' -> out.append("\\t");
                    case '\b' -> out.append(json ? "\\b" : "\\x08");
                    case '\f' -> out.append(json ? "\\f" : "\\x0c");
                    default -> {
                        if (c < ' ' || (!json && c >= 0x7F && c < 0xA1) || (!json && c == 0xAD)) {
                            out.append((json ? "\\u%04x" : "\\x%02x").formatted((int) c));
                        } else if (json && asciiOnly && c >= 0x7F) {
                            out.append(c == 0x7F ? "\u007f" : "\\u%04x".formatted((int) c));
                        } else {
                            out.append(c);
                        }
                    }
                }
            }
        }
        out.append(quote);
    }
}
