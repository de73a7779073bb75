package org.moelora.settings;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.io.JsonObject;

/**
 * What a setting can be, and how it is written. Stateless and thread-safe.
 *
 * @param <T> the type of its values
 * @param written how files and flags write it: {@code Double}, {@code Integer}, {@code Long}, {@code Boolean} or {@code String}
 * @param label what stands for a value in help
 * @param expected the values that are allowed, as the end of a sentence
 * @param allows whether a value is one of them
 * @param reader takes a value from a field of JSON
 * @param writer makes of it what is written
 * @param parser takes a value from a text; its first argument names the place in what it throws
 */
public record Kind<T>(
        Class<?> written,
        String label,
        String expected,
        Predicate<T> allows,
        BiFunction<JsonObject, String, T> reader,
        Function<T, Object> writer,
        BiFunction<String, String, T> parser) {
    /** Numbers that satisfy a condition, which {@code expected} says; NaN has to fail it. */
    public static Kind<Double> number(String expected, Predicate<Double> allows) {
        return new Kind<>(
                Double.class,
                "X",
                expected,
                allows,
                JsonObject::number,
                x -> x,
                (name, text) -> number(name, text, Double::valueOf, "a number"));
    }

    /** Finite numbers from {@code least}. */
    public static Kind<Double> from(double least) {
        return number("a finite number, " + text(least) + " or more", x -> x >= least && x < Double.POSITIVE_INFINITY);
    }

    /** Finite numbers above a bound. */
    public static Kind<Double> above(double bound) {
        return number("a finite number above " + text(bound), x -> x > bound && x < Double.POSITIVE_INFINITY);
    }

    /** Whole numbers from {@code least} to {@code most}, which is not named if it is the largest of its type. */
    public static Kind<Integer> whole(int least, int most) {
        return new Kind<>(
                Integer.class,
                "N",
                most == Integer.MAX_VALUE ? "at least " + least : least + " to " + most,
                n -> n >= least && n <= most,
                JsonObject::integer,
                n -> n,
                (name, text) -> number(name, text, Integer::valueOf, "a whole number"));
    }

    /** Whole numbers of 64 bits that satisfy a condition, which {@code expected} says. */
    public static Kind<Long> longWhole(String expected, Predicate<Long> allows) {
        return new Kind<>(
                Long.class,
                "N",
                expected,
                allows,
                JsonObject::longInteger,
                n -> n,
                (name, text) -> number(name, text, Long::valueOf, "a whole number"));
    }

    /** On or off. */
    public static Kind<Boolean> onOff() {
        return new Kind<>(
                Boolean.class,
                "",
                "true or false",
                on -> true,
                JsonObject::flag,
                on -> on,
                (name, text) -> switch (text) {
                    case "true" -> true;
                    case "false" -> false;
                    default -> throw new InputException(name + " is \"" + text + "\"; expected true or false");
                });
    }

    /**
     * One of several names.
     *
     * @param id what files and flags call a value
     */
    @SafeVarargs
    public static <T> Kind<T> oneOf(Function<T, String> id, T... values) {
        List<String> names = new ArrayList<>();
        for (T value : values) {
            names.add(id.apply(value));
        }
        String expected = String.join(", ", names.subList(0, names.size() - 1)) + " or " + names.getLast();
        return text("NAME", expected, id, (name, text) -> {
            int at = names.indexOf(text);
            if (at < 0) {
                throw new InputException(
                        name + " is \"" + text + "\"; expected " + expected + Spelling.suggestion(text, names));
            }
            return values[at];
        });
    }

    /**
     * Whatever a text says.
     *
     * @param parser throws an {@link InputException} that begins with its first argument, where the text says nothing
     */
    public static <T> Kind<T> text(
            String label, String expected, Function<T, String> writer, BiFunction<String, String, T> parser) {
        return new Kind<>(
                String.class,
                label,
                expected,
                value -> true,
                (json, field) -> parser.apply(json.source() + ": " + field, json.string(field)),
                writer::apply,
                parser);
    }

    /** The same, written with another label in help. */
    public Kind<T> labelled(String other) {
        return new Kind<>(written, other, expected, allows, reader, writer, parser);
    }

    /** A value as a reader would write it: {@code 8} instead of {@code 8.0}. */
    public String shown(T value) {
        Object is = writer.apply(value);
        return switch (is) {
            case Double number -> text(number);
            case List<?> list ->
                String.join(",", list.stream().map(String::valueOf).toList());
            default -> String.valueOf(is);
        };
    }

    private static String text(double number) {
        return number == Math.rint(number) && Math.abs(number) < 1e6
                ? Long.toString((long) number)
                : Double.toString(number).replace(".0E", "e").replace('E', 'e');
    }

    private static <N> N number(String name, String text, Function<String, N> parser, String expected) {
        try {
            return parser.apply(text.strip());
        } catch (NumberFormatException e) {
            throw new InputException(name + " is \"" + text + "\"; expected " + expected, e);
        }
    }
}
