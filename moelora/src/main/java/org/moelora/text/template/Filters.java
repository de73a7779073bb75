package org.moelora.text.template;

import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Values.Undefined;

/** Filters of Jinja: what follows a {@code |}. */
final class Filters {
    /** The names of each filter's arguments, in order. */
    private static final Map<String, List<String>> SIGNATURES = signatures();

    /** White space and what opens a bracket: a word begins after it, as Jinja's title has it. */
    private static final Pattern BEFORE_WORD = Pattern.compile("[-\\s({\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);

    private final Limits limits;
    private final Expressions expressions;
    private final Methods methods;
    private final Tests tests;
    private final Sequences sequences;

    Filters(Limits limits, Expressions expressions) {
        this.limits = limits;
        this.expressions = expressions;
        methods = new Methods(limits);
        tests = new Tests(limits);
        sequences = new Sequences(limits, expressions);
    }

    private static Map<String, List<String>> signatures() {
        Map<String, List<String>> names = new HashMap<>();
        for (String filter :
                "string safe upper lower capitalize title length count first last list reverse items abs wordcount"
                        .split(" ")) {
            names.put(filter, List.of());
        }
        names.put("default", List.of("default_value", "boolean"));
        names.put("d", List.of("default_value", "boolean"));
        names.put("tojson", List.of("ensure_ascii", "indent", "separators", "sort_keys"));
        names.put("trim", List.of("chars"));
        names.put("replace", List.of("old", "new", "count"));
        names.put("join", List.of("d", "attribute"));
        names.put("int", List.of("default"));
        names.put("float", List.of("default"));
        names.put("round", List.of("precision", "method"));
        names.put("center", List.of("width"));
        names.put("indent", List.of("width", "first", "blank"));
        names.put("dictsort", List.of("case_sensitive", "by", "reverse"));
        names.put("sort", List.of("reverse", "case_sensitive", "attribute"));
        names.put("unique", List.of("case_sensitive", "attribute"));
        names.put("min", List.of("case_sensitive", "attribute"));
        names.put("max", List.of("case_sensitive", "attribute"));
        names.put("groupby", List.of("attribute", "default"));
        names.put("sum", List.of("attribute", "start"));
        names.put("batch", List.of("linecount", "fill_with"));
        names.put("slice", List.of("slices", "fill_with"));
        return Map.copyOf(names);
    }

    @Nullable Object apply(
            int line,
            String name,
            @Nullable Object value,
            List<@Nullable Object> values,
            Map<String, @Nullable Object> named) {
        return switch (name) {
            case "selectattr", "rejectattr", "select", "reject" -> {
                if (!named.isEmpty()) {
                    throw limits.unsupported(line, "the filter " + name + " with named arguments");
                }
                yield selected(line, value, values, name.endsWith("attr"), name.startsWith("select"));
            }
            case "map" -> mapped(line, value, values, named);
            default -> {
                List<String> names = SIGNATURES.get(name);
                if (names == null) {
                    throw limits.unsupported(line, "the filter " + name);
                }
                yield applied(
                        line, name, value, new Arguments(limits, line, "the filter " + name, names, values, named));
            }
        };
    }

    private @Nullable Object applied(int line, String name, @Nullable Object value, Arguments arguments) {
        return switch (name) {
            case "default", "d" ->
                value instanceof Undefined || (arguments.flag("boolean", false) && !Values.truth(value))
                        ? arguments.get("default_value", "")
                        : value;
            case "tojson" -> Writing.json(limits, line, value, arguments);
            case "string" -> Values.text(limits, line, value);
            case "safe" -> value;
            case "trim" -> Methods.strip(text(line, value), arguments.textOrNull("chars"), true, true);
            case "upper" -> text(line, value).toUpperCase(Locale.ROOT);
            case "lower" -> text(line, value).toLowerCase(Locale.ROOT);
            case "capitalize" -> Methods.capitalized(text(line, value));
            case "title" -> title(text(line, value));
            case "center" -> Methods.padded(limits, line, text(line, value), arguments.whole("width", 80), " ", 0);
            case "wordcount" ->
                (long) Methods.words(text(line, value), -1, false).size();
            case "indent" -> indented(line, text(line, value), arguments);
            case "replace" ->
                methods.replaced(
                        line,
                        text(line, value),
                        Values.text(limits, line, arguments.get("old", "")),
                        Values.text(limits, line, arguments.get("new", "")),
                        arguments.get("count", null) == null ? -1 : arguments.whole("count", -1));
            case "length", "count" -> length(line, value);
            case "first", "last" -> {
                List<?> list = expressions.iterable(line, value);
                yield list.isEmpty() ? Undefined.UNDEFINED : name.equals("first") ? list.getFirst() : list.getLast();
            }
            case "list" -> limits.list(line, new ArrayList<@Nullable Object>(expressions.iterable(line, value)));
            case "reverse" ->
                value instanceof String s
                        ? new StringBuilder(text(line, s)).reverse().toString()
                        : limits.list(
                                line,
                                new ArrayList<@Nullable Object>(
                                        expressions.iterable(line, value).reversed()));
            case "items" -> {
                if (!(value instanceof Map<?, ?>) && !(value instanceof Undefined)) {
                    throw limits.error(line, "has the filter items on what is no map");
                }
                yield value instanceof Map<?, ?> map ? methods.items(line, map) : List.of();
            }
            case "join" -> joined(line, value, arguments);
            case "int" -> whole(value, arguments.get("default", 0L));
            case "float" -> real(value, arguments.get("default", 0.0));
            case "abs" -> {
                Number n = Numbers.of(value);
                if (n == null) {
                    throw limits.error(line, "has the filter abs on what is no number");
                }
                yield n instanceof Long l ? (Object) Math.abs(l) : (Object) Math.abs(n.doubleValue());
            }
            case "round" -> rounded(line, value, arguments);
            default -> sequences.apply(line, name, value, arguments);
        };
    }

    private String text(int line, @Nullable Object value) {
        String text = Values.text(limits, line, value);
        limits.characters(line, text.length());
        return text;
    }

    private static String title(String text) {
        var result = new StringBuilder();
        Matcher separators = BEFORE_WORD.matcher(text);
        int done = 0;
        while (separators.find()) {
            addCapitalized(text.substring(done, separators.start()), result);
            result.append(separators.group());
            done = separators.end();
        }
        addCapitalized(text.substring(done), result);
        return result.toString();
    }

    private static void addCapitalized(String word, StringBuilder to) {
        if (!word.isEmpty()) {
            int first = word.offsetByCodePoints(0, 1);
            to.append(word.substring(0, first).toUpperCase(Locale.ROOT))
                    .append(word.substring(first).toLowerCase(Locale.ROOT));
        }
    }

    private String indented(int line, String text, Arguments arguments) {
        String indent = arguments.get("width", 4L) instanceof String s
                ? s
                : " ".repeat(Math.clamp(arguments.whole("width", 4), 0, 1000));
        boolean blank = arguments.flag("blank", false);
        var result = new StringBuilder(arguments.flag("first", false) ? indent : "");
        List<String> lines = Methods.lines(text + "\n", false);
        for (int i = 0; i < lines.size(); i++) {
            limits.characters(line, indent.length() + 1L);
            if (i > 0) {
                result.append('\n').append(blank || !lines.get(i).isEmpty() ? indent : "");
            }
            result.append(lines.get(i));
        }
        return result.toString();
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

    private String joined(int line, @Nullable Object value, Arguments arguments) {
        List<?> list = expressions.iterable(line, value);
        Object attribute = arguments.get("attribute", null);
        if (attribute != null) {
            List<@Nullable Object> fields = new ArrayList<>();
            for (Object item : list) {
                fields.add(expressions.path(line, item, attribute));
            }
            list = fields;
        }
        return methods.joined(line, Values.text(limits, line, arguments.get("d", "")), list);
    }

    private static @Nullable Object whole(@Nullable Object value, @Nullable Object otherwise) {
        if (value instanceof String s) {
            Long n = Numbers.whole(s);
            return n == null ? otherwise : n;
        }
        return switch (Numbers.of(value)) {
            case Long n -> n;
            case Double d when Math.abs(d) <= 1e18 -> (Object) d.longValue();
            case null, default -> otherwise;
        };
    }

    private static @Nullable Object real(@Nullable Object value, @Nullable Object otherwise) {
        if (value instanceof String s) {
            Double n = Numbers.real(s);
            return n == null ? otherwise : n;
        }
        Number n = Numbers.of(value);
        return n == null ? otherwise : (Object) n.doubleValue();
    }

    private Object rounded(int line, @Nullable Object value, Arguments arguments) {
        Number n = Numbers.of(value);
        int precision = arguments.whole("precision", 0);
        RoundingMode mode = switch (String.valueOf(arguments.get("method", "common"))) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw limits.error(line, "rounds by a method that is not common, ceil or floor");
        };
        if (n == null || Math.abs(precision) > 300) {
            throw limits.error(line, "rounds what is no number");
        }
        if (n instanceof Long && mode == RoundingMode.HALF_EVEN && precision >= 0) {
            return n;
        }
        if (mode != RoundingMode.HALF_EVEN) { // as Jinja does: scaled, cut off, scaled back
            double scale = Math.pow(10, precision);
            double scaled = n.doubleValue() * scale;
            return (mode == RoundingMode.CEILING ? Math.ceil(scaled) : Math.floor(scaled)) / scale;
        }
        double rounded = Numbers.rounded(n.doubleValue(), precision, mode);
        return n instanceof Long ? (Object) (long) rounded : (Object) rounded;
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
        for (Object item : ofNothingNone(line, value)) {
            limits.step(line);
            Object tested = byField ? expressions.path(line, item, values.getFirst()) : item;
            boolean holds = test.isEmpty() ? Values.truth(tested) : tests.test(line, test, tested, arguments);
            if (holds == keep) {
                result.add(item);
            }
        }
        return limits.list(line, result);
    }

    /** What is none, undefined or otherwise false has no elements for these filters. */
    private List<?> ofNothingNone(int line, @Nullable Object value) {
        return Values.truth(value) ? expressions.iterable(line, value) : List.of();
    }

    private List<@Nullable Object> mapped(
            int line, @Nullable Object value, List<@Nullable Object> values, Map<String, @Nullable Object> named) {
        List<@Nullable Object> result = new ArrayList<>();
        boolean byField = values.isEmpty() && named.containsKey("attribute");
        for (String name : byField ? named.keySet() : List.<String>of()) {
            if (!name.equals("attribute") && !name.equals("default")) {
                throw limits.unsupported(line, "the filter map with the argument " + name);
            }
        }
        for (Object item : ofNothingNone(line, value)) {
            limits.step(line);
            if (byField) {
                Object field = expressions.path(line, item, named.get("attribute"));
                boolean missing = field instanceof Undefined && named.get("default") != null;
                result.add(missing ? named.get("default") : field);
            } else if (!values.isEmpty() && values.getFirst() instanceof String filter && !filter.equals("map")) {
                result.add(apply(line, filter, item, values.subList(1, values.size()), named));
            } else {
                throw limits.unsupported(line, "the filter map without an attribute or a filter");
            }
        }
        return limits.list(line, result);
    }
}
