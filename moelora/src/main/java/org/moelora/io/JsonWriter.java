package org.moelora.io;

import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON: on one line for logs, indented for files that people read.
 *
 * <p>Takes maps with String keys (written in their own order), collections, {@code int[]}, {@code long[]},
 * {@code float[]}, {@code double[]}, strings, numbers, booleans, null, {@link JsonObject} and {@link JsonArray}. Floats and
 * doubles are written so that reading gives the same bits back. JSON has no NaN and no infinities: they become
 * {@code null}. Anything else throws {@link IllegalArgumentException}. Stateless and thread-safe.
 */
public final class JsonWriter {
    private static final String HEX = "0123456789abcdef";

    private final StringBuilder out = new StringBuilder();
    private final boolean pretty;

    private JsonWriter(boolean pretty) {
        this.pretty = pretty;
    }

    /** The value on one line, without a line end. */
    public static String line(@Nullable Object value) {
        JsonWriter writer = new JsonWriter(false);
        writer.value(value, 0);
        return writer.out.toString();
    }

    /** The value with one field or element per line, two spaces per level and a line end; arrays of scalars stay on one line. */
    public static String pretty(@Nullable Object value) {
        JsonWriter writer = new JsonWriter(true);
        writer.value(value, 0);
        return writer.out.append('\n').toString();
    }

    private void value(@Nullable Object value, int level) {
        switch (value) {
            case null -> out.append("null");
            case String s -> string(s);
            case Boolean b -> out.append(b.booleanValue());
            case Double d -> out.append(Double.isFinite(d) ? d.toString() : "null");
            case Float f -> out.append(Float.isFinite(f) ? f.toString() : "null");
            case Number n -> out.append(n);
            case Map<?, ?> map -> object(map, level);
            case Collection<?> all -> array(all, level);
            case JsonObject object -> object(object.names(), object::get, level);
            case JsonArray array -> array(elements(array), level);
            case int[] all -> array(Arrays.stream(all).boxed().toList(), level);
            case long[] all -> array(Arrays.stream(all).boxed().toList(), level);
            case double[] all -> array(Arrays.stream(all).boxed().toList(), level);
            case float[] all -> array(boxed(all), level);
            default -> throw new IllegalArgumentException("not a JSON value: " + value.getClass());
        }
    }

    private void object(Map<?, ?> map, int level) {
        for (Object key : map.keySet()) {
            if (!(key instanceof String)) {
                throw new IllegalArgumentException("not a JSON field name: " + key);
            }
        }
        object(map.keySet(), map::get, level);
    }

    private void object(Collection<?> names, java.util.function.Function<String, @Nullable Object> field, int level) {
        out.append('{');
        boolean first = true;
        for (Object name : names) {
            separate(first, true, level + 1);
            first = false;
            string((String) name);
            out.append(pretty ? ": " : ":");
            value(field.apply((String) name), level + 1);
        }
        if (!first) {
            newLine(true, level);
        }
        out.append('}');
    }

    private void array(Collection<?> all, int level) {
        boolean broken = all.stream().anyMatch(JsonWriter::isStructure);
        out.append('[');
        boolean first = true;
        for (Iterator<?> i = all.iterator(); i.hasNext(); first = false) {
            separate(first, broken, level + 1);
            value(i.next(), level + 1);
        }
        if (!first) {
            newLine(broken, level);
        }
        out.append(']');
    }

    private void separate(boolean first, boolean broken, int level) {
        if (!first) {
            out.append(pretty && !broken ? ", " : ",");
        }
        newLine(broken, level);
    }

    private void newLine(boolean broken, int level) {
        if (pretty && broken) {
            out.append('\n').repeat("  ", level);
        }
    }

    private void string(String s) {
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || c == 0x7f || isLone(s, i)) {
                        escape(c);
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    /** Half a surrogate pair has no UTF-8 form, but it has a JSON escape. */
    private static boolean isLone(String s, int i) {
        char c = s.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == s.length() || !Character.isLowSurrogate(s.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(s.charAt(i - 1)));
    }

    private void escape(char c) {
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            out.append(HEX.charAt((c >> shift) & 15));
        }
    }

    private static boolean isStructure(@Nullable Object value) {
        return value != null && !(value instanceof String || value instanceof Number || value instanceof Boolean);
    }

    private static List<@Nullable Object> elements(JsonArray array) {
        @Nullable Object[] all = new Object[array.size()];
        Arrays.setAll(all, array::get);
        return Arrays.asList(all);
    }

    private static List<Float> boxed(float[] all) {
        Float[] boxed = new Float[all.length];
        Arrays.setAll(boxed, i -> all[i]);
        return Arrays.asList(boxed);
    }
}
