package org.moelora.text.template;

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
    private StringBuilder out = new StringBuilder();

    Evaluator(Limits limits, Map<String, ? extends @Nullable Object> variables) {
        this.limits = limits;
        expressions = new Expressions(limits, this);
        globals.set("raise_exception", Values.Function.RAISE_EXCEPTION);
        globals.set("namespace", Values.Function.NAMESPACE);
        globals.set("range", Values.Function.RANGE);
        globals.set("dict", Values.Function.DICT);
        variables.forEach(globals::set);
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
            case Statement.For loop -> loop(loop, scope);
            case Statement.Set set -> set(set, scope);
            case Statement.SetAttribute set -> {
                if (!(scope.get(set.namespace()) instanceof Namespace namespace)) {
                    throw limits.error(set.line(), "sets a field of " + set.namespace() + ", which is no namespace");
                }
                namespace.put(set.name(), expressions.value(set.value(), scope));
            }
            case Statement.SetBlock set -> scope.set(set.name(), captured(set.body(), new Scope(scope)));
            case Statement.Macro macro -> scope.set(macro.name(), new Values.Macro(macro, scope));
            case Statement.Group group -> end = run(group.body(), scope);
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
        if (!(value instanceof List<?> list) || list.size() != names.size()) {
            throw limits.error(line, "takes apart what has not " + names.size() + " parts");
        }
        for (int i = 0; i < names.size(); i++) {
            scope.set(names.get(i), list.get(i));
        }
    }

    private void loop(Statement.For loop, Scope scope) {
        List<@Nullable Object> items = new ArrayList<>();
        for (Object item : expressions.iterable(loop.line(), expressions.value(loop.items(), scope))) {
            limits.step(loop.line());
            Scope inner = new Scope(scope);
            unpack(loop.line(), loop.names(), item, inner);
            Expression condition = loop.condition();
            if (condition == null || Values.truth(expressions.value(condition, inner))) {
                items.add(item);
            }
        }
        for (int i = 0; i < items.size(); i++) {
            Scope inner = new Scope(scope);
            unpack(loop.line(), loop.names(), items.get(i), inner);
            inner.set("loop", where(items, i));
            if (run(loop.body(), inner) == End.BREAK) {
                return;
            }
        }
        if (items.isEmpty()) {
            run(loop.otherwise(), scope);
        }
    }

    private static Map<String, @Nullable Object> where(List<@Nullable Object> items, int i) {
        Map<String, @Nullable Object> loop = new LinkedHashMap<>();
        loop.put("index", i + 1L);
        loop.put("index0", (long) i);
        loop.put("revindex", (long) items.size() - i);
        loop.put("revindex0", items.size() - i - 1L);
        loop.put("first", i == 0);
        loop.put("last", i == items.size() - 1);
        loop.put("length", (long) items.size());
        loop.put("previtem", i == 0 ? Undefined.UNDEFINED : items.get(i - 1));
        loop.put("nextitem", i == items.size() - 1 ? Undefined.UNDEFINED : items.get(i + 1));
        return loop;
    }

    /** The text that a macro writes. */
    String call(int line, Values.Macro macro, List<@Nullable Object> values, Map<String, @Nullable Object> named) {
        Statement.Macro statement = macro.statement();
        Scope scope = new Scope(macro.scope());
        if (values.size() > statement.parameters().size()
                || !statement.parameters().containsAll(named.keySet())) {
            throw limits.error(line, "calls " + statement.name() + " with arguments that it does not take");
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
