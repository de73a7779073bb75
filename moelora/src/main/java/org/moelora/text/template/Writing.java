package org.moelora.text.template;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Values.Undefined;

/** Writes a value, in a bounded text however often it contains another. */
final class Writing {
    /** How scalars and strings look. */
    enum Style {
        PYTHON,
        JSON
    }

    private final Limits limits;
    private final int line;
    private final int indent;
    private final Style style;
    private final StringBuilder out = new StringBuilder();

    Writing(Limits limits, int line, int indent, Style style) {
        this.limits = limits;
        this.line = line;
        this.indent = indent;
        this.style = style;
    }

    String text(@Nullable Object value) {
        write(value, 0);
        return out.toString();
    }

    private void write(@Nullable Object value, int level) {
        limits.enter(line);
        boolean json = style == Style.JSON;
        switch (value) {
            case null -> add(json ? "null" : "None");
            case Boolean b -> add(json ? b.toString() : b ? "True" : "False");
            case Number n -> add(n.toString());
            case String s -> string(s);
            case List<?> list -> {
                add("[");
                String between = "";
                for (Object item : list) {
                    add(between);
                    begin(level + 1);
                    write(item, level + 1);
                    between = indent < 0 ? ", " : ",";
                }
                end(list.isEmpty(), level);
                add("]");
            }
            case Map<?, ?> map -> {
                add("{");
                String between = "";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    add(between);
                    begin(level + 1);
                    string((String) Objects.requireNonNull(entry.getKey()));
                    add(": ");
                    write(entry.getValue(), level + 1);
                    between = indent < 0 ? ", " : ",";
                }
                end(map.isEmpty(), level);
                add("}");
            }
            case Undefined u -> throw limits.error(line, "writes what is not defined");
            default -> throw limits.error(line, "writes a function");
        }
        limits.leave();
    }

    private void add(String text) {
        limits.characters(line, text.length());
        out.append(text);
    }

    private void begin(int level) {
        if (indent >= 0) {
            limits.characters(line, 1 + (long) indent * level);
            out.append('\n').repeat(" ", indent * level);
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
                        if (c < ' ') {
                            out.append((json ? "\\u%04x" : "\\x%02x").formatted((int) c));
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
