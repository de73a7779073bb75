package org.moelora.text.template;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Values.Undefined;

/** What follows {@code is}. */
final class Tests {
    /** With one argument. */
    private static final Set<String> COMPARISONS = Set.of(
            "equalto",
            "eq",
            "==",
            "ne",
            "!=",
            "in",
            "lt",
            "lessthan",
            "<",
            "le",
            "<=",
            "gt",
            "greaterthan",
            ">",
            "ge",
            ">=",
            "sameas",
            "divisibleby");

    private final Limits limits;

    Tests(Limits limits) {
        this.limits = limits;
    }

    boolean test(int line, String name, @Nullable Object value, List<@Nullable Object> values) {
        if (values.size() != (COMPARISONS.contains(name) ? 1 : 0)) {
            throw limits.unsupported(line, "the test " + name + " with " + values.size() + " arguments");
        }
        return COMPARISONS.contains(name) ? compared(line, name, value, values.getFirst()) : kind(line, name, value);
    }

    private boolean compared(int line, String name, @Nullable Object value, @Nullable Object other) {
        return switch (name) {
            case "equalto", "eq", "==" -> Values.equal(limits, line, value, other);
            case "ne", "!=" -> !Values.equal(limits, line, value, other);
            case "in" -> Operators.in(limits, line, value, other);
            case "lt", "lessthan", "<" -> Operators.compare(limits, line, "<", value, other);
            case "le", "<=" -> Operators.compare(limits, line, "<=", value, other);
            case "gt", "greaterthan", ">" -> Operators.compare(limits, line, ">", value, other);
            case "ge", ">=" -> Operators.compare(limits, line, ">=", value, other);
            case "sameas" -> {
                if (!(value == null || value instanceof Boolean || other == null || other instanceof Boolean)) {
                    throw limits.unsupported(line, "the test sameas but of none, true or false");
                }
                yield value == null ? other == null : value.equals(other);
            }
            default -> {
                Object rest = Operators.apply(limits, line, "%", value, other);
                yield rest instanceof Number n && n.doubleValue() == 0;
            }
        };
    }

    private boolean kind(int line, String name, @Nullable Object value) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == null;
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map<?, ?> && !(value instanceof Namespace);
            case "iterable", "sequence" ->
                value instanceof List<?>
                        || value instanceof String
                        || value instanceof Undefined
                        || (value instanceof Map<?, ?> && !(value instanceof Namespace));
            case "number" -> value instanceof Number || value instanceof Boolean;
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "callable" ->
                value instanceof Values.Macro || value instanceof Values.Function || value instanceof Values.Method;
            case "lower", "upper" -> {
                String text = Values.text(limits, line, value);
                yield text.codePoints().anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c))
                        && text.codePoints()
                                .noneMatch(c -> name.equals("lower")
                                        ? Character.isUpperCase(c) || Character.isTitleCase(c)
                                        : Character.isLowerCase(c) || Character.isTitleCase(c));
            }
            case "odd", "even" -> {
                if (!(Numbers.of(value) instanceof Long n)) {
                    throw limits.error(line, "asks whether what is no whole number is " + name);
                }
                yield (n % 2 != 0) == name.equals("odd");
            }
            default -> throw limits.unsupported(line, "the test " + name);
        };
    }
}
