package org.moelora.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What writes, or changes what later statements write. */
sealed interface Statement {
    record Text(String text) implements Statement {}

    record Print(Expression value) implements Statement {}

    /** The first branch whose condition holds; null holds always. */
    record If(List<Branch> branches) implements Statement {}

    record Branch(@Nullable Expression condition, List<Statement> body) {}

    record For(
            int line,
            List<String> names,
            Expression items,
            @Nullable Expression condition,
            List<Statement> body,
            List<Statement> otherwise,
            boolean recursive)
            implements Statement {}

    record Set(int line, List<String> names, Expression value) implements Statement {}

    record SetAttribute(int line, String namespace, String name, Expression value) implements Statement {}

    /**
     * @param filters of what the body writes, which they know as {@link #WRITTEN}; null for none
     */
    record SetBlock(String name, @Nullable Expression filters, List<Statement> body) implements Statement {}

    /**
     * @param takesMore whether the body uses {@code varargs}, which takes arguments by place that no parameter takes
     * @param takesNamed whether the body uses {@code kwargs}, which takes those by name
     * @param takesCaller whether the body uses {@code caller}
     */
    record Macro(
            int line,
            String name,
            List<String> parameters,
            List<@Nullable Expression> defaults,
            List<Statement> body,
            boolean takesMore,
            boolean takesNamed,
            boolean takesCaller)
            implements Statement {}

    /** Calls a macro that may write the body, as {@code caller}. */
    record Call(int line, Expression.Call call, Macro caller) implements Statement {}

    record Filter(Expression filters, List<Statement> body) implements Statement {}

    /** Variables for a body; their values know nothing of one another. */
    record With(List<String> names, List<Expression> values, List<Statement> body) implements Statement {}

    /** The name of a text that filters are applied to; no template can write it. */
    String WRITTEN = " written";

    record Break() implements Statement {}

    record Continue() implements Statement {}
}
