package org.moelora.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What has a value. */
sealed interface Expression {
    /** The line it begins in, for messages. */
    int line();

    record Constant(int line, @Nullable Object value) implements Expression {}

    record Name(int line, String name) implements Expression {}

    record ListOf(int line, List<Expression> items) implements Expression {}

    record MapOf(int line, List<Expression> keys, List<Expression> values) implements Expression {}

    record Attribute(int line, Expression of, String name) implements Expression {}

    record Item(int line, Expression of, Expression index) implements Expression {}

    record Slice(
            int line,
            Expression of,
            @Nullable Expression from,
            @Nullable Expression to,
            @Nullable Expression step) implements Expression {}

    record TupleOf(int line, List<Expression> items) implements Expression {}

    record Call(int line, Expression function, CallArguments arguments) implements Expression {}

    record Filter(int line, Expression of, String name, CallArguments arguments) implements Expression {}

    record Test(int line, Expression of, String name, CallArguments arguments) implements Expression {}

    record Not(int line, Expression of) implements Expression {}

    record Negative(int line, Expression of) implements Expression {}

    record Both(int line, Expression left, Expression right) implements Expression {}

    record Either(int line, Expression left, Expression right) implements Expression {}

    record Binary(int line, String sign, Expression left, Expression right) implements Expression {}

    /** {@code a < b <= c}: each neighbouring pair. */
    record Comparison(int line, List<Expression> operands, List<String> signs) implements Expression {}

    record Choice(
            int line,
            Expression condition,
            Expression then,
            @Nullable Expression otherwise) implements Expression {}

    /**
     * Of a call, by place and by name.
     *
     * @param list whose elements follow those by place, {@code *list}
     * @param map whose entries follow those by name, {@code **map}
     */
    record CallArguments(
            List<Expression> values,
            Map<String, Expression> named,
            @Nullable Expression list,
            @Nullable Expression map) {
        static final CallArguments NONE = new CallArguments(List.of(), Map.of(), null, null);
    }
}
