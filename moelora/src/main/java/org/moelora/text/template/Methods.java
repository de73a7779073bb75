package org.moelora.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Methods of strings, maps and lists, as Python has them. Those that would change a value are refused, as in transformers. */
final class Methods {
    private static final Set<String> OF_MAPS = Set.of(
            "items", "keys", "values", "get", "copy", "pop", "popitem", "update", "setdefault", "clear", "fromkeys");

    private final Limits limits;

    Methods(Limits limits) {
        this.limits = limits;
    }

    /** Whether a map has a method of that name, which goes before its entry where it is asked for with a point. */
    static boolean has(@Nullable Object of, String name) {
        return of instanceof Map<?, ?> && !(of instanceof Namespace) && OF_MAPS.contains(name);
    }

    @Nullable Object call(
            int line,
            @Nullable Object of,
            String name,
            List<@Nullable Object> values,
            Map<String, @Nullable Object> named) {
        return switch (of) {
            case String s -> {
                limits.characters(line, s.length());
                yield string(
                        line, s, name, new Arguments(limits, line, "the method " + name, names(name), values, named));
            }
            case Map<?, ?> map when named.isEmpty() -> map(line, map, name, values);
            case List<?> list when named.isEmpty() && values.size() == 1 -> list(line, list, name, values.getFirst());
            case List<?> list
            when name.equals("copy") && values.isEmpty() -> limits.list(line, new ArrayList<@Nullable Object>(list));
            case Values.Undefined u -> throw limits.error(line, "asks what is not defined for its \"" + name + "\"");
            case null, default -> throw limits.unsupported(line, "the method " + name);
        };
    }

    private long list(int line, List<?> list, String name, @Nullable Object value) {
        long count = 0;
        for (int i = 0; i < list.size() && (name.equals("index") || name.equals("count")); i++) {
            if (Values.equal(limits, line, list.get(i), value)) {
                if (name.equals("index")) {
                    return i;
                }
                count++;
            }
        }
        if (!name.equals("count")) {
            throw name.equals("index")
                    ? limits.error(line, "asks for the place of what is not in the list")
                    : limits.unsupported(line, "the method " + name + " of a list");
        }
        return count;
    }

    private @Nullable Object map(int line, Map<?, ?> map, String name, List<@Nullable Object> values) {
        return switch (name) {
            case "items" -> items(line, map);
            case "keys" -> limits.list(line, new ArrayList<>(map.keySet()));
            case "values" -> limits.list(line, new ArrayList<@Nullable Object>(map.values()));
            case "copy" -> {
                limits.elements(line, map.size());
                yield new LinkedHashMap<@Nullable Object, @Nullable Object>(map);
            }
            case "get" -> {
                if (values.isEmpty() || values.size() > 2) {
                    throw limits.error(line, "calls get without a name");
                }
                Object key = values.getFirst();
                yield map.containsKey(key) ? map.get(key) : values.size() > 1 ? values.get(1) : null;
            }
            default -> throw limits.unsupported(line, "the method " + name);
        };
    }

    List<@Nullable Object> items(int line, Map<?, ?> map) {
        List<@Nullable Object> items = new ArrayList<>();
        map.forEach((key, value) -> {
            List<@Nullable Object> pair = new ArrayList<>();
            pair.add(key);
            pair.add(value);
            items.add(new Tuple(pair));
        });
        return limits.list(line, items);
    }

    /** The names of a method's arguments, in order. */
    private static List<String> names(String method) {
        return switch (method) {
            case "strip", "lstrip", "rstrip" -> List.of("chars");
            case "split", "rsplit" -> List.of("sep", "maxsplit");
            case "splitlines" -> List.of("keepends");
            case "replace" -> List.of("old", "new", "count");
            case "startswith", "endswith", "find", "rfind", "index", "rindex", "count" ->
                List.of("sub", "start", "end");
            case "partition", "rpartition", "removeprefix", "removesuffix", "join" -> List.of("sub");
            case "center", "ljust", "rjust" -> List.of("width", "fill");
            case "zfill" -> List.of("width");
            default -> List.of();
        };
    }

    private Object string(int line, String s, String name, Arguments arguments) {
        return switch (name) {
            case "strip" -> strip(s, arguments.textOrNull("chars"), true, true);
            case "lstrip" -> strip(s, arguments.textOrNull("chars"), true, false);
            case "rstrip" -> strip(s, arguments.textOrNull("chars"), false, true);
            case "upper" -> s.toUpperCase(Locale.ROOT);
            case "lower", "casefold" -> {
                if (name.equals("casefold") && s.chars().anyMatch(c -> c >= 0x80)) {
                    throw limits.unsupported(line, "the method casefold of what is not ASCII");
                }
                yield s.toLowerCase(Locale.ROOT);
            }
            case "capitalize" -> capitalized(s);
            case "title" -> title(s);
            case "swapcase" -> swapped(s);
            case "startswith" -> any(line, arguments, part(s, arguments)::startsWith);
            case "endswith" -> any(line, arguments, part(s, arguments)::endsWith);
            case "find", "rfind", "index", "rindex" -> place(line, s, name, arguments);
            case "count" -> count(part(s, arguments), arguments.text("sub"));
            case "split", "rsplit" -> split(line, s, name.equals("rsplit"), arguments);
            case "splitlines" -> limits.list(line, lines(s, arguments.flag("keepends", false)));
            case "partition", "rpartition" -> parts(line, s, name.equals("rpartition"), arguments.text("sub"));
            case "removeprefix" -> {
                String prefix = arguments.text("sub");
                yield s.startsWith(prefix) ? s.substring(prefix.length()) : s;
            }
            case "removesuffix" -> {
                String suffix = arguments.text("sub");
                yield s.endsWith(suffix) ? s.substring(0, s.length() - suffix.length()) : s;
            }
            case "replace" ->
                replaced(line, s, arguments.text("old"), arguments.text("new"), arguments.whole("count", -1));
            case "center", "ljust", "rjust" ->
                padded(
                        limits,
                        line,
                        s,
                        arguments.whole("width", 0),
                        arguments.has("fill") ? arguments.text("fill") : " ",
                        name.equals("center") ? 2 : name.equals("ljust") ? -1 : 1);
            case "zfill" -> {
                boolean signed = s.startsWith("-") || s.startsWith("+");
                String digits = signed ? s.substring(1) : s;
                yield (signed ? s.substring(0, 1) : "")
                        + padded(limits, line, digits, arguments.whole("width", 0) - (signed ? 1 : 0), "0", 1);
            }
            case "join" -> {
                if (!(arguments.get("sub", null) instanceof List<?> list)
                        || !list.stream().allMatch(String.class::isInstance)) {
                    throw limits.error(line, "joins what is no list of texts");
                }
                yield joined(line, s, list);
            }
            case "isdigit", "isdecimal" -> all(s, Character::isDigit);
            case "isnumeric" ->
                all(
                        s,
                        c -> Character.isDigit(c)
                                || Character.getType(c) == Character.LETTER_NUMBER
                                || Character.getType(c) == Character.OTHER_NUMBER);
            case "isalpha" -> all(s, Character::isLetter);
            case "isalnum" -> all(s, c -> Character.isLetter(c) || Character.isDigit(c));
            case "isspace" -> all(s, c -> c < 0x10000 && strips((char) c, null));
            case "isascii" -> s.chars().allMatch(c -> c < 0x80);
            case "islower", "isupper" -> new Tests(limits).test(line, name.substring(2), s, List.of());
            default -> throw limits.unsupported(line, "the method " + name);
        };
    }

    private static boolean all(String s, IntPredicate kind) {
        return !s.isEmpty() && s.codePoints().allMatch(kind);
    }

    /** The text between the places start and end. */
    private static String part(String s, Arguments arguments) {
        if (!arguments.has("start") && !arguments.has("end")) {
            return s;
        }
        int n = s.codePointCount(0, s.length());
        int from = bound(arguments, "start", 0, n);
        int to = bound(arguments, "end", n, n);
        return from > to ? "" : s.substring(s.offsetByCodePoints(0, from), s.offsetByCodePoints(0, to));
    }

    private static int bound(Arguments arguments, String name, int otherwise, int n) {
        int at = arguments.get(name, null) == null ? otherwise : arguments.whole(name, otherwise);
        return Math.clamp(at < 0 ? (long) at + n : at, 0, n);
    }

    private boolean any(int line, Arguments arguments, Predicate<String> test) {
        return switch (arguments.get("sub", null)) {
            case String text -> test.test(text);
            case List<?> list -> list.stream().anyMatch(item -> item instanceof String text && test.test(text));
            case null, default -> throw limits.error(line, "compares an end with what is no text");
        };
    }

    private long place(int line, String s, String name, Arguments arguments) {
        String within = part(s, arguments);
        String sub = arguments.text("sub");
        int at = name.startsWith("r") ? within.lastIndexOf(sub) : within.indexOf(sub);
        if (at < 0 && name.endsWith("index")) {
            throw limits.error(line, "asks for the place of what is not in the text");
        }
        int n = s.codePointCount(0, s.length());
        return at < 0 ? -1 : bound(arguments, "start", 0, n) + (long) within.codePointCount(0, at);
    }

    private static long count(String s, String sub) {
        if (sub.isEmpty()) {
            return s.codePointCount(0, s.length()) + 1L;
        }
        long count = 0;
        for (int i = s.indexOf(sub); i >= 0; i = s.indexOf(sub, i + sub.length())) {
            count++;
        }
        return count;
    }

    private Tuple parts(int line, String s, boolean last, String by) {
        if (by.isEmpty()) {
            throw limits.error(line, "parts a text at nothing");
        }
        int at = last ? s.lastIndexOf(by) : s.indexOf(by);
        if (at < 0) {
            return new Tuple(last ? List.of("", "", s) : List.of(s, "", ""));
        }
        return new Tuple(List.of(s.substring(0, at), by, s.substring(at + by.length())));
    }

    /**
     * @param most how many are replaced, from the left; negative for all
     */
    String replaced(int line, String s, String from, String to, int most) {
        long matches = from.isEmpty() ? s.length() + 1L : s.length() / from.length();
        limits.characters(line, s.length() + (most < 0 ? matches : Math.min(most, matches)) * to.length());
        if (most < 0 && !from.isEmpty()) {
            return s.replace(from, to);
        }
        var result = new StringBuilder();
        int done = 0;
        int next = s.indexOf(from);
        for (int i = 0; (most < 0 || i < most) && next >= 0; i++) {
            result.append(s, done, next).append(to);
            done = next + from.length();
            int ahead = from.isEmpty() ? (done < s.length() ? s.offsetByCodePoints(done, 1) : s.length() + 1) : done;
            next = ahead > s.length() ? -1 : s.indexOf(from, ahead);
        }
        return result.append(s.substring(done)).toString();
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

    /**
     * @param side -1 for what is added after the text, 1 for before it, 0 for both and the odd one after, 2 for both and as Python's method center
     */
    static String padded(Limits limits, int line, String s, int width, String fill, int side) {
        int missing = Math.max(0, width - s.codePointCount(0, s.length()));
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw limits.error(line, "fills a text up with what is not one character");
        }
        limits.characters(line, (long) missing * fill.length());
        int before = side < 0 ? 0 : side == 1 ? missing : missing / 2 + (missing & width & 1);
        return fill.repeat(before) + s + fill.repeat(missing - before);
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
        if (s.isEmpty()) {
            return s;
        }
        int first = s.offsetByCodePoints(0, 1);
        return Character.toString(Character.toTitleCase(s.codePointAt(0)))
                + s.substring(first).toLowerCase(Locale.ROOT);
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

    private static String swapped(String s) {
        var text = new StringBuilder();
        s.codePoints().forEach(c -> {
            String one = Character.toString(c);
            text.append(Character.isUpperCase(c) ? one.toLowerCase(Locale.ROOT) : one.toUpperCase(Locale.ROOT));
        });
        return text.toString();
    }

    private List<String> split(int line, String s, boolean fromRight, Arguments arguments) {
        int times = arguments.whole("maxsplit", -1);
        String by = arguments.textOrNull("sep");
        if (by == null) {
            return limits.list(line, words(s, times, fromRight));
        }
        if (by.isEmpty()) {
            throw limits.error(line, "splits a text at nothing");
        }
        List<String> parts = new ArrayList<>();
        if (fromRight) {
            int end = s.length();
            for (int i = s.lastIndexOf(by);
                    i >= 0 && (times < 0 || parts.size() < times);
                    i = i < by.length() ? -1 : s.lastIndexOf(by, i - by.length())) {
                parts.addFirst(s.substring(i + by.length(), end));
                end = i;
            }
            parts.addFirst(s.substring(0, end));
        } else {
            int done = 0;
            for (int i = s.indexOf(by); i >= 0 && (times < 0 || parts.size() < times); i = s.indexOf(by, done)) {
                parts.add(s.substring(done, i));
                done = i + by.length();
            }
            parts.add(s.substring(done));
        }
        return limits.list(line, parts);
    }

    /** What white space separates; what is left once enough is split off keeps its white space within. */
    static List<String> words(String s, int times, boolean fromRight) {
        List<String> words = new ArrayList<>();
        int start = 0;
        int end = s.length();
        while (true) {
            while (!fromRight && start < end && strips(s.charAt(start), null)) {
                start++;
            }
            while (fromRight && start < end && strips(s.charAt(end - 1), null)) {
                end--;
            }
            if (start == end) {
                return fromRight ? words.reversed() : words;
            }
            boolean last = times >= 0 && words.size() >= times;
            int from = fromRight && !last ? end : start;
            int to = fromRight || last ? end : start;
            while (!last && fromRight && from > start && !strips(s.charAt(from - 1), null)) {
                from--;
            }
            while (!last && !fromRight && to < end && !strips(s.charAt(to), null)) {
                to++;
            }
            words.add(s.substring(from, to));
            start = last ? end : fromRight ? start : to;
            end = fromRight && !last ? from : end;
        }
    }

    static List<String> lines(String s, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if ((c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029) {
                int end = i;
                if (c == '\r' && i + 1 < s.length() && s.charAt(i + 1) == '\n') {
                    i++;
                }
                lines.add(s.substring(start, keepEnds ? i + 1 : end));
                start = i + 1;
            }
        }
        if (start < s.length()) {
            lines.add(s.substring(start));
        }
        return lines;
    }
}
