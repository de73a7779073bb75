package org.moelora.text.template;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Values.Undefined;

/** Writes what statements say. For one rendering. */
final class Evaluator {
    /** How a body ended. */
    private enum End {
        NORMAL,
        BREAK,
        CONTINUE
    }

    private final Limits limits;
    private final Scope globals = new Scope(null);
    private final Expressions expressions;
    private final LocalDate date;
    private StringBuilder out = new StringBuilder();

    Evaluator(Limits limits, Map<String, ? extends @Nullable Object> variables, LocalDate date) {
        this.limits = limits;
        this.date = date;
        expressions = new Expressions(limits, this);
        globals.set("raise_exception", Values.Function.RAISE_EXCEPTION);
        globals.set("namespace", Values.Function.NAMESPACE);
        globals.set("range", Values.Function.RANGE);
        globals.set("dict", Values.Function.DICT);
        globals.set("strftime_now", Values.Function.STRFTIME_NOW);
        variables.forEach(globals::set);
    }

    /** What strftime_now takes for today. */
    LocalDate date() {
        return date;
    }

    String render(List<Statement> statements) {
        run(statements, new Scope(globals));
        return out.toString();
    }

    private End run(List<Statement> statements, Scope scope) {
        for (Statement statement : statements) {
            End end = run(statement, scope);
            if (end != End.NORMAL) {
                return end;
            }
        }
        return End.NORMAL;
    }

    private End run(Statement statement, Scope scope) {
        limits.enter(0);
        End end = End.NORMAL;
        switch (statement) {
            case Statement.Text text -> write(0, text.text());
            case Statement.Print print ->
                write(
                        print.value().line(),
                        Values.text(limits, print.value().line(), expressions.value(print.value(), scope)));
            case Statement.If choice -> end = choose(choice, scope);
            case Statement.For loop -> loop(loop, scope, expressions.value(loop.items(), scope), 0);
            case Statement.Set set -> set(set, scope);
            case Statement.SetAttribute set -> {
                if (!(scope.get(set.namespace()) instanceof Namespace namespace)) {
                    throw limits.error(set.line(), "sets a field of " + set.namespace() + ", which is no namespace");
                }
                namespace.put(set.name(), expressions.value(set.value(), scope));
            }
            case Statement.SetBlock set -> {
                String text = captured(set.body(), new Scope(scope));
                scope.set(set.name(), set.filters() == null ? text : filtered(set.filters(), text, scope));
            }
            case Statement.Macro macro -> scope.set(macro.name(), new Values.Macro(macro, scope));
            case Statement.Call call -> {
                Object value = expressions.call(call.call(), scope, new Values.Macro(call.caller(), scope));
                write(call.line(), Values.text(limits, call.line(), value));
            }
            case Statement.Filter filter -> {
                int line = filter.filters().line();
                String text = captured(filter.body(), new Scope(scope));
                write(line, Values.text(limits, line, filtered(filter.filters(), text, scope)));
            }
            case Statement.With with -> {
                Scope inner = new Scope(scope);
                for (int i = 0; i < with.names().size(); i++) {
                    inner.set(
                            with.names().get(i), expressions.value(with.values().get(i), scope));
                }
                end = run(with.body(), inner);
            }
            case Statement.Break b -> end = End.BREAK;
            case Statement.Continue c -> end = End.CONTINUE;
        }
        limits.leave();
        return end;
    }

    private void write(int line, String text) {
        limits.characters(line, text.length());
        out.append(text);
    }

    private String captured(List<Statement> body, Scope scope) {
        StringBuilder around = out;
        out = new StringBuilder();
        run(body, scope);
        String text = out.toString();
        out = around;
        return text;
    }

    private @Nullable Object filtered(Expression filters, String text, Scope scope) {
        Scope inner = new Scope(scope);
        inner.set(Statement.WRITTEN, text);
        return expressions.value(filters, inner);
    }

    private End choose(Statement.If choice, Scope scope) {
        for (Statement.Branch branch : choice.branches()) {
            Expression condition = branch.condition();
            if (condition == null || Values.truth(expressions.value(condition, scope))) {
                return run(branch.body(), scope);
            }
        }
        return End.NORMAL;
    }

    private void set(Statement.Set set, Scope scope) {
        Object value = expressions.value(set.value(), scope);
        if (set.names().size() == 1) {
            scope.set(set.names().getFirst(), value);
        } else {
            unpack(set.line(), set.names(), value, scope);
        }
    }

    private void unpack(int line, List<String> names, @Nullable Object value, Scope scope) {
        if (names.size() == 1) {
            scope.set(names.getFirst(), value);
            return;
        }
        List<?> list = expressions.iterable(line, value);
        if (list.size() != names.size() || value instanceof Undefined) {
            throw limits.error(line, "takes apart what has not " + names.size() + " parts");
        }
        for (int i = 0; i < names.size(); i++) {
            scope.set(names.get(i), list.get(i));
        }
    }

    private void loop(Statement.For loop, Scope scope, @Nullable Object all, int depth) {
        List<@Nullable Object> items = new ArrayList<>();
        for (Object item : expressions.iterable(loop.line(), all)) {
            limits.step(loop.line());
            Expression condition = loop.condition();
            if (condition != null) {
                Scope inner = new Scope(scope);
                unpack(loop.line(), loop.names(), item, inner);
                if (!Values.truth(expressions.value(condition, inner))) {
                    continue;
                }
            }
            items.add(item);
        }
        Loop state = new Loop(loop, scope, items, depth);
        for (int i = 0; i < items.size(); i++) {
            Scope inner = new Scope(scope);
            state.at(i);
            inner.set("loop", state);
            unpack(loop.line(), loop.names(), items.get(i), inner);
            if (run(loop.body(), inner) == End.BREAK) {
                return;
            }
        }
        if (items.isEmpty()) {
            run(loop.otherwise(), new Scope(scope));
        }
    }

    /** What a recursive loop writes of other items, for {@code loop(items)}. */
    String recurse(int line, Loop loop, @Nullable Object items) {
        if (!loop.statement().recursive()) {
            throw limits.error(line, "calls loop in a loop that is not recursive");
        }
        limits.enter(line);
        StringBuilder around = out;
        out = new StringBuilder();
        loop(loop.statement(), loop.scope(), items, loop.depth() + 1);
        String text = out.toString();
        out = around;
        limits.leave();
        return text;
    }

    /** The text that a macro writes. */
    String call(int line, Values.Macro macro, List<@Nullable Object> values, Map<String, @Nullable Object> named) {
        Statement.Macro statement = macro.statement();
        Scope scope = new Scope(macro.scope());
        List<String> parameters = statement.parameters();
        Map<String, @Nullable Object> others = new LinkedHashMap<>(named);
        others.keySet().removeAll(parameters);
        if (statement.takesCaller() && !parameters.contains("caller")) {
            scope.set("caller", others.containsKey("caller") ? others.remove("caller") : Undefined.UNDEFINED);
        }
        boolean twice = parameters.stream().limit(values.size()).anyMatch(named::containsKey);
        if (twice
                || (values.size() > parameters.size() && !statement.takesMore())
                || (!others.isEmpty() && !statement.takesNamed())) {
            throw limits.error(line, "calls " + statement.name() + " with arguments that it does not take");
        }
        if (statement.takesMore()) {
            scope.set("varargs", new Tuple(values.subList(Math.min(values.size(), parameters.size()), values.size())));
        }
        if (statement.takesNamed()) {
            scope.set("kwargs", others);
        }
        for (int i = 0; i < statement.parameters().size(); i++) {
            String name = statement.parameters().get(i);
            Expression otherwise = statement.defaults().get(i);
            Object value = Undefined.UNDEFINED;
            if (i < values.size()) {
                value = values.get(i);
            } else if (named.containsKey(name)) {
                value = named.get(name);
            } else if (otherwise != null) {
                value = expressions.value(otherwise, scope);
            }
            scope.set(name, value);
        }
        return captured(statement.body(), scope);
    }
}
