package org.moelora.text.template;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A template's values: null (none), {@link Undefined}, Boolean, Long, Double, String, List, Map (with string keys), {@link Macro},
 * {@link Function}.
 */
final class Values {
    /** The value of a variable that was never set. */
    enum Undefined {
        UNDEFINED
    }

    /** A function that is always there. */
    enum Function {
        RAISE_EXCEPTION,
        NAMESPACE,
        RANGE,
        DICT,
        STRFTIME_NOW
    }

    /** A method of a value that is not called. */
    record Method(@Nullable Object of, String name) {}

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

    static boolean equal(Limits limits, int line, @Nullable Object a, @Nullable Object b) {
        limits.enter(line);
        Number other = Numbers.of(b);
        boolean equal = switch (a) {
            case Number x when other != null -> Operators.compareNumbers(x, other) == 0;
            case Boolean x when other != null -> Operators.compareNumbers(x ? 1L : 0L, other) == 0;
            case String x
            when b instanceof String y -> {
                limits.characters(line, Math.min(x.length(), y.length()));
                yield x.equals(y);
            }
            case List<?> x
            when b instanceof List<?> y ->
                x instanceof Tuple == y instanceof Tuple && x.size() == y.size() && equal(limits, line, x, y);
            case Map<?, ?> x
            when b instanceof Map<?, ?> y ->
                x.keySet().equals(y.keySet())
                        && x.keySet().stream().allMatch(key -> equal(limits, line, x.get(key), y.get(key)));
            case null, default -> Objects.equals(a, b);
        };
        limits.leave();
        return equal;
    }

    private static boolean equal(Limits limits, int line, List<?> a, List<?> b) {
        for (int i = 0; i < a.size(); i++) {
            if (!equal(limits, line, a.get(i), b.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** As Python writes it into a text. */
    static String text(Limits limits, int line, @Nullable Object value) {
        if (value instanceof String s) {
            return s;
        }
        if (value instanceof Undefined) {
            return "";
        }
        return Writing.python(limits, line, value);
    }
}
