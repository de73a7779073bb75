package org.moelora.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Expression.CallArguments;
import org.moelora.text.template.Values.Undefined;

/** The values of expressions. For one rendering. */
final class Expressions {
    private final Limits limits;
    private final Evaluator evaluator;
    private final Methods methods;
    private final Filters filters;
    private final Tests tests;

    Expressions(Limits limits, Evaluator evaluator) {
        this.limits = limits;
        this.evaluator = evaluator;
        methods = new Methods(limits);
        filters = new Filters(limits, this);
        tests = new Tests(limits);
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
            case Expression.TupleOf tuple -> new Tuple(values(tuple.items(), scope));
            case Expression.MapOf map -> map(map, scope);
            case Expression.Attribute attribute ->
                attribute(attribute.line(), value(attribute.of(), scope), attribute.name());
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
                        values(filter.line(), filter.arguments(), scope),
                        named(filter.line(), filter.arguments(), scope));
            case Expression.Test test ->
                tests.test(
                        test.line(),
                        test.name(),
                        value(test.of(), scope),
                        values(test.line(), test.arguments(), scope));
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

    private List<@Nullable Object> values(int line, CallArguments arguments, Scope scope) {
        List<@Nullable Object> values = values(arguments.values(), scope);
        if (arguments.list() != null) {
            List<?> more = iterable(line, value(arguments.list(), scope));
            limits.elements(line, more.size());
            values.addAll(more);
        }
        return values;
    }

    private Map<String, @Nullable Object> named(int line, CallArguments arguments, Scope scope) {
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        arguments.named().forEach((name, expression) -> named.put(name, value(expression, scope)));
        if (arguments.map() != null) {
            if (!(value(arguments.map(), scope) instanceof Map<?, ?> more)) {
                throw limits.error(line, "calls with ** what is no map");
            }
            limits.elements(line, more.size());
            more.forEach((key, value) -> {
                if (named.containsKey(String.valueOf(key))) {
                    throw limits.error(line, "calls with the argument " + key + " twice");
                }
                named.put(String.valueOf(key), value);
            });
        }
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
        if (of instanceof Map<?, ?> map && map.containsKey(name)) {
            return map.get(name);
        }
        return switch (of) {
            case Loop loop -> loop.field(name);
            case Sequences.Group group -> group.field(name);
            case null, default -> Undefined.UNDEFINED;
        };
    }

    /** As {@link #field}, but the method of that name if the value has one, which Jinja looks for first. */
    private @Nullable Object attribute(int line, @Nullable Object of, String name) {
        return Methods.has(of, name) ? new Values.Method(of, name) : field(line, of, name);
    }

    /** A field of a field, with points between, as filters take it; or the element of a place. */
    @Nullable Object path(int line, @Nullable Object of, @Nullable Object attribute) {
        if (!(attribute instanceof String path)) {
            return item(line, of, attribute);
        }
        Object value = of;
        for (String name : path.split("\\.", -1)) {
            value = item(line, value, name.matches("[0-9]{1,9}") ? (Object) Long.parseLong(name) : name);
        }
        return value;
    }

    @Nullable Object item(int line, @Nullable Object of, @Nullable Object index) {
        if (index instanceof String name) {
            Object field = field(line, of, name);
            boolean method = field instanceof Undefined && Methods.has(of, name);
            return method ? new Values.Method(of, name) : field;
        }
        if (of instanceof Undefined) {
            throw limits.error(line, "asks what is not defined for an element");
        }
        if (!(Numbers.of(index) instanceof Long at) || !(of instanceof List<?> || of instanceof String)) {
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
        return call(call, scope, null);
    }

    /**
     * @param caller what a call block adds to the arguments; null for none
     */
    @Nullable Object call(Expression.Call call, Scope scope, Values.@Nullable Macro caller) {
        int line = call.line();
        Object function = null;
        boolean found = false;
        if (call.function() instanceof Expression.Attribute attribute) {
            Object of = value(attribute.of(), scope);
            Object field = of instanceof Map<?, ?> map ? map.get(attribute.name()) : null;
            if (!(field instanceof Values.Macro
                    || field instanceof Values.Method
                    || field instanceof Values.Function)) {
                List<@Nullable Object> values = values(line, call.arguments(), scope);
                return method(line, of, attribute.name(), values, named(line, call.arguments(), scope));
            }
            function = field;
            found = true;
        }
        function = found ? function : value(call.function(), scope);
        List<@Nullable Object> values = values(line, call.arguments(), scope);
        Map<String, @Nullable Object> named = named(line, call.arguments(), scope);
        if (caller != null && named.put("caller", caller) != null) {
            throw limits.error(line, "calls with the argument caller twice");
        }
        return switch (function) {
            case Values.Macro macro -> evaluator.call(line, macro, values, named);
            case Values.Method method -> method(line, method.of(), method.name(), values, named);
            case Loop loop
            when values.size() == 1 && named.isEmpty() -> evaluator.recurse(line, loop, values.getFirst());
            case Values.Function f -> builtIn(line, f, values, named);
            case null, default -> {
                String name = call.function() instanceof Expression.Name n ? n.name() : "a value";
                throw limits.unsupported(line, "a call of " + name);
            }
        };
    }

    private @Nullable Object method(
            int line,
            @Nullable Object of,
            String name,
            List<@Nullable Object> values,
            Map<String, @Nullable Object> named) {
        return of instanceof Loop loop && named.isEmpty()
                ? loop.call(limits, line, name, values)
                : methods.call(line, of, name, values, named);
    }

    private @Nullable Object builtIn(
            int line, Values.Function function, List<@Nullable Object> values, Map<String, @Nullable Object> named) {
        return switch (function) {
            case RAISE_EXCEPTION -> {
                Object message = values.isEmpty() ? named.getOrDefault("message", "") : values.getFirst();
                throw limits.raised(Values.text(limits, line, message));
            }
            case NAMESPACE, DICT -> {
                Map<String, @Nullable Object> map =
                        function == Values.Function.DICT ? new LinkedHashMap<>() : new Namespace();
                if (values.size() > 1 || (values.size() == 1 && !(values.getFirst() instanceof Map<?, ?>))) {
                    throw limits.unsupported(line, "a map of what is neither a map nor names");
                }
                if (!values.isEmpty() && values.getFirst() instanceof Map<?, ?> first) {
                    first.forEach((key, value) -> map.put(String.valueOf(key), value));
                }
                map.putAll(named);
                yield map;
            }
            case STRFTIME_NOW -> {
                if (values.size() != 1 || !(values.getFirst() instanceof String format)) {
                    throw limits.error(line, "calls strftime_now without a format");
                }
                limits.characters(line, 64L * format.length());
                yield Dates.text(limits, line, evaluator.date(), format);
            }
            default -> {
                if (!named.isEmpty()) {
                    throw limits.error(line, "calls range with names");
                }
                yield Operators.range(limits, line, values);
            }
        };
    }
}
