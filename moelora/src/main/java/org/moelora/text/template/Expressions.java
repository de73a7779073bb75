package org.moelora.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Expression.Arguments;
import org.moelora.text.template.Values.Undefined;

/** The values of expressions. For one rendering. */
final class Expressions {
    private final Limits limits;
    private final Evaluator evaluator;
    private final Methods methods;
    private final Filters filters;

    Expressions(Limits limits, Evaluator evaluator) {
        this.limits = limits;
        this.evaluator = evaluator;
        methods = new Methods(limits);
        filters = new Filters(limits, this);
    }

    @Nullable Object value(Expression expression, Scope scope) {
        limits.enter(expression.line());
        Object value = evaluated(expression, scope);
        limits.leave();
        return value;
    }

    private @Nullable Object evaluated(Expression expression, Scope scope) {
        return switch (expression) {
            case Expression.Constant constant -> constant.value();
            case Expression.Name name -> scope.get(name.name());
            case Expression.ListOf list -> values(list.items(), scope);
            case Expression.MapOf map -> map(map, scope);
            case Expression.Attribute attribute ->
                field(attribute.line(), value(attribute.of(), scope), attribute.name());
            case Expression.Item item -> item(item.line(), value(item.of(), scope), value(item.index(), scope));
            case Expression.Slice slice ->
                Slices.of(
                        limits,
                        slice.line(),
                        value(slice.of(), scope),
                        optional(slice.from(), scope),
                        optional(slice.to(), scope),
                        optional(slice.step(), scope));
            case Expression.Call call -> call(call, scope);
            case Expression.Filter filter ->
                filters.apply(
                        filter.line(),
                        filter.name(),
                        value(filter.of(), scope),
                        values(filter.arguments().values(), scope),
                        named(filter.arguments(), scope));
            case Expression.Test test ->
                filters.test(
                        test.line(),
                        test.name(),
                        value(test.of(), scope),
                        values(test.arguments().values(), scope));
            case Expression.Not not -> !Values.truth(value(not.of(), scope));
            case Expression.Negative negative ->
                Operators.negative(limits, negative.line(), value(negative.of(), scope));
            case Expression.Both both -> {
                Object left = value(both.left(), scope);
                yield Values.truth(left) ? value(both.right(), scope) : left;
            }
            case Expression.Either either -> {
                Object left = value(either.left(), scope);
                yield Values.truth(left) ? left : value(either.right(), scope);
            }
            case Expression.Binary binary ->
                Operators.apply(
                        limits,
                        binary.line(),
                        binary.sign(),
                        value(binary.left(), scope),
                        value(binary.right(), scope));
            case Expression.Comparison comparison -> compare(comparison, scope);
            case Expression.Choice choice -> {
                if (Values.truth(value(choice.condition(), scope))) {
                    yield value(choice.then(), scope);
                }
                Expression otherwise = choice.otherwise();
                yield otherwise == null ? Undefined.UNDEFINED : value(otherwise, scope);
            }
        };
    }

    private @Nullable Object optional(@Nullable Expression expression, Scope scope) {
        return expression == null ? null : value(expression, scope);
    }

    private List<@Nullable Object> values(List<Expression> expressions, Scope scope) {
        List<@Nullable Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) {
            values.add(value(expression, scope));
        }
        return values;
    }

    private Map<String, @Nullable Object> named(Arguments arguments, Scope scope) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        arguments.named().forEach((name, expression) -> named.put(name, value(expression, scope)));
        return named;
    }

    private Map<String, @Nullable Object> map(Expression.MapOf map, Scope scope) {
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        for (int i = 0; i < map.keys().size(); i++) {
            Object key = value(map.keys().get(i), scope);
            if (!(key instanceof String name)) {
                throw limits.unsupported(map.line(), "a key that is no string");
            }
            result.put(name, value(map.values().get(i), scope));
        }
        return result;
    }

    private boolean compare(Expression.Comparison comparison, Scope scope) {
        Object left = value(comparison.operands().getFirst(), scope);
        for (int i = 0; i < comparison.signs().size(); i++) {
            Object right = value(comparison.operands().get(i + 1), scope);
            if (!Operators.compare(limits, comparison.line(), comparison.signs().get(i), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    /** A field of a map; undefined if it has none, an error if there is no map at all. */
    @Nullable Object field(int line, @Nullable Object of, String name) {
        if (of instanceof Undefined) {
            throw limits.error(line, "asks what is not defined for its \"" + name + "\"");
        }
        return of instanceof Map<?, ?> map && map.containsKey(name) ? map.get(name) : Undefined.UNDEFINED;
    }

    @Nullable Object item(int line, @Nullable Object of, @Nullable Object index) {
        if (index instanceof String name) {
            return field(line, of, name);
        }
        if (of instanceof Undefined) {
            throw limits.error(line, "asks what is not defined for an element");
        }
        if (!(index instanceof Long at) || !(of instanceof List<?> || of instanceof String)) {
            return Undefined.UNDEFINED;
        }
        List<?> list = iterable(line, of);
        long place = at < 0 ? at + list.size() : at;
        return place >= 0 && place < list.size() ? list.get((int) place) : Undefined.UNDEFINED;
    }

    /** What a loop goes over: a list's elements, a map's keys, a string's characters. */
    List<?> iterable(int line, @Nullable Object value) {
        return switch (value) {
            case List<?> list -> list;
            case Map<?, ?> map -> limits.list(line, new ArrayList<>(map.keySet()));
            case String s -> {
                limits.elements(line, s.length());
                yield s.codePoints().mapToObj(Character::toString).toList();
            }
            case Undefined u -> List.of();
            case null, default -> throw limits.error(line, "goes over what is no list");
        };
    }

    private @Nullable Object call(Expression.Call call, Scope scope) {
        int line = call.line();
        List<@Nullable Object> values = values(call.arguments().values(), scope);
        Map<String, @Nullable Object> named = named(call.arguments(), scope);
        Object function;
        if (call.function() instanceof Expression.Attribute attribute) {
            Object of = value(attribute.of(), scope);
            Object field = of instanceof Map<?, ?> map ? map.get(attribute.name()) : null;
            if (!(field instanceof Values.Macro)) {
                if (!named.isEmpty()) {
                    throw limits.unsupported(line, "a method with named arguments");
                }
                return methods.call(line, of, attribute.name(), values);
            }
            function = field;
        } else {
            function = value(call.function(), scope);
        }
        return switch (function) {
            case Values.Macro macro -> evaluator.call(line, macro, values, named);
            case Values.Function.RAISE_EXCEPTION ->
                throw limits.raised(values.isEmpty() ? "" : Values.text(limits, line, values.getFirst()));
            case Values.Function.NAMESPACE, Values.Function.DICT -> {
                Namespace namespace = new Namespace();
                if (!values.isEmpty()) {
                    throw limits.unsupported(line, "a namespace without names");
                }
                namespace.putAll(named);
                yield namespace;
            }
            case Values.Function.RANGE -> Operators.range(limits, line, values);
            case null, default -> {
                String name = call.function() instanceof Expression.Name n ? n.name() : "a value";
                throw limits.unsupported(line, "a call of " + name);
            }
        };
    }
}
