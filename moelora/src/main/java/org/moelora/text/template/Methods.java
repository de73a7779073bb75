package org.moelora.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Methods of strings and maps. */
final class Methods {
    private final Limits limits;

    Methods(Limits limits) {
        this.limits = limits;
    }

    @Nullable Object call(int line, @Nullable Object of, String name, List<@Nullable Object> values) {
        return switch (of) {
            case String s -> {
                limits.characters(line, s.length());
                yield string(line, s, name, values);
            }
            case Map<?, ?> map -> map(line, map, name, values);
            case Values.Undefined u -> throw limits.error(line, "asks what is not defined for its \"" + name + "\"");
            case null, default -> throw limits.unsupported(line, "the method " + name);
        };
    }

    private @Nullable Object map(int line, Map<?, ?> map, String name, List<@Nullable Object> values) {
        return switch (name) {
            case "items" -> items(line, map);
            case "keys" -> limits.list(line, new ArrayList<>(map.keySet()));
            case "values" -> limits.list(line, new ArrayList<@Nullable Object>(map.values()));
            case "get" -> {
                if (values.isEmpty() || values.size() > 2 || !(values.getFirst() instanceof String key)) {
                    throw limits.error(line, "calls get without a name");
                }
                yield map.containsKey(key) ? map.get(key) : values.size() > 1 ? values.get(1) : null;
            }
            default -> throw limits.unsupported(line, "the method " + name);
        };
    }

    List<List<@Nullable Object>> items(int line, Map<?, ?> map) {
        List<List<@Nullable Object>> items = new ArrayList<>();
        map.forEach((key, value) -> {
            List<@Nullable Object> pair = new ArrayList<>();
            pair.add(key);
            pair.add(value);
            items.add(pair);
        });
        return limits.list(line, items);
    }

    private Object string(int line, String s, String name, List<@Nullable Object> values) {
        String first = !values.isEmpty() && values.getFirst() instanceof String text ? text : null;
        return switch (name) {
            case "strip" -> strip(s, first, true, true);
            case "lstrip" -> strip(s, first, true, false);
            case "rstrip" -> strip(s, first, false, true);
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower" -> s.toLowerCase(Locale.ROOT);
            case "capitalize" -> capitalized(s);
            case "title" -> title(s);
            case "startswith" -> any(line, values, s::startsWith);
            case "endswith" -> any(line, values, s::endsWith);
            case "find" -> (long) s.indexOf(needed(line, name, first));
            case "count" ->
                (long) (split(line, s, needed(line, name, first), -1).size() - 1);
            case "split" -> {
                long times = values.size() > 1 && values.get(1) instanceof Long n ? n : -1;
                yield values.isEmpty() ? limits.list(line, words(s)) : split(line, s, needed(line, name, first), times);
            }
            case "splitlines" -> limits.list(line, s.lines().toList());
            case "replace" -> {
                if (values.size() != 2 || first == null || !(values.get(1) instanceof String by)) {
                    throw limits.unsupported(line, "the method replace but of one text by another");
                }
                yield replaced(line, s, first, by);
            }
            case "join" -> {
                if (values.size() != 1 || !(values.getFirst() instanceof List<?> list)) {
                    throw limits.error(line, "joins what is no list");
                }
                yield joined(line, s, list);
            }
            default -> throw limits.unsupported(line, "the method " + name);
        };
    }

    private String needed(int line, String name, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            throw limits.error(line, "calls " + name + " without a text");
        }
        return text;
    }

    private boolean any(int line, List<@Nullable Object> values, java.util.function.Predicate<String> test) {
        if (values.size() != 1) {
            throw limits.unsupported(line, "a comparison of ends with a place");
        }
        return switch (values.getFirst()) {
            case String text -> test.test(text);
            case List<?> list -> list.stream().anyMatch(item -> item instanceof String text && test.test(text));
            case null, default -> throw limits.error(line, "compares an end with what is no text");
        };
    }

    String replaced(int line, String s, String from, String to) {
        long matches = from.isEmpty() ? s.length() + 1L : s.length() / from.length();
        limits.characters(line, s.length() + matches * to.length());
        return s.replace(from, to);
    }

    String joined(int line, String between, List<?> items) {
        var text = new StringBuilder();
        for (int i = 0; i < items.size(); i++) {
            Object item = items.get(i);
            text.append(i == 0 ? "" : between);
            String part = Values.text(limits, line, item);
            limits.step(line);
            limits.characters(line, (long) part.length() + between.length());
            text.append(part);
        }
        return text.toString();
    }

    static String strip(String s, @Nullable String characters, boolean left, boolean right) {
        int start = 0;
        int end = s.length();
        while (left && start < end && strips(s.charAt(start), characters)) {
            start++;
        }
        while (right && end > start && strips(s.charAt(end - 1), characters)) {
            end--;
        }
        return s.substring(start, end);
    }

    private static boolean strips(char c, @Nullable String characters) {
        return characters == null
                ? Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85
                : characters.indexOf(c) >= 0;
    }

    static String capitalized(String s) {
        return s.isEmpty()
                ? s
                : s.substring(0, 1).toUpperCase(Locale.ROOT) + s.substring(1).toLowerCase(Locale.ROOT);
    }

    static String title(String s) {
        var text = new StringBuilder();
        boolean within = false;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            text.append(within ? Character.toLowerCase(c) : Character.toTitleCase(c));
            within = Character.isLetter(c);
        }
        return text.toString();
    }

    private List<String> split(int line, String s, String by, long times) {
        List<String> parts = new ArrayList<>();
        int done = 0;
        for (int i = s.indexOf(by); i >= 0 && (times < 0 || parts.size() < times); i = s.indexOf(by, done)) {
            parts.add(s.substring(done, i));
            done = i + by.length();
        }
        parts.add(s.substring(done));
        return limits.list(line, parts);
    }

    private static List<String> words(String s) {
        String stripped = strip(s, null, true, true);
        return stripped.isEmpty() ? List.of() : List.of(stripped.split("\\s+", -1));
    }
}
