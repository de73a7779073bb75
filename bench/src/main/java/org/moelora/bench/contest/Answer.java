package org.moelora.bench.contest;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One line of a contender: {@code @bench ok key=value ...} or {@code @bench failed why=...}. Keys and values are URL-encoded, so that a line stays
 * one line; a line without the mark is chatter of a library.
 *
 * @param values in the order in which they were said
 */
public record Answer(boolean ok, Map<String, String> values) {
    private static final String MARK = "@bench ";

    public Answer {
        values = new LinkedHashMap<>(values);
    }

    /** Success, with keys and values in turn. */
    public static Answer of(Object... keysAndValues) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            values.put(keysAndValues[i].toString(), keysAndValues[i + 1].toString());
        }
        return new Answer(true, values);
    }

    /** What went wrong, in one line. */
    public static Answer failed(Throwable why) {
        String message = why.getMessage();
        return new Answer(false, Map.of("why", message == null ? why.toString() : message));
    }

    /** The line that says this. */
    public String line() {
        return MARK
                + (ok ? "ok" : "failed")
                + values.entrySet().stream()
                        .map(e -> " " + URLEncoder.encode(e.getKey(), StandardCharsets.UTF_8) + "="
                                + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
                        .collect(Collectors.joining());
    }

    /** What a line says, or null if it is not an answer. */
    public static @Nullable Answer parse(String line) {
        if (!line.startsWith(MARK)) {
            return null;
        }
        String[] words = line.substring(MARK.length()).split(" ");
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 1; i < words.length; i++) {
            String[] pair = words[i].split("=", 2);
            if (pair.length != 2) {
                throw new IllegalArgumentException("not an answer: " + line);
            }
            values.put(
                    URLDecoder.decode(pair[0], StandardCharsets.UTF_8),
                    URLDecoder.decode(pair[1], StandardCharsets.UTF_8));
        }
        return new Answer(words[0].equals("ok"), values);
    }

    /** A value by its key. */
    public String get(String key) {
        String value = values.get(key);
        if (value == null) {
            throw new IllegalArgumentException("the answer has no " + key + ": " + line());
        }
        return value;
    }

    public double number(String key) {
        return Double.parseDouble(get(key));
    }
}
