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
            List<Statement> otherwise)
            implements Statement {}

    record Set(int line, List<String> names, Expression value) implements Statement {}

    record SetAttribute(int line, String namespace, String name, Expression value) implements Statement {}

    record SetBlock(String name, List<Statement> body) implements Statement {}

    record Macro(
            int line, String name, List<String> parameters, List<@Nullable Expression> defaults, List<Statement> body)
            implements Statement {}

    record Group(List<Statement> body) implements Statement {}

    record Break() implements Statement {}

    record Continue() implements Statement {}
}
