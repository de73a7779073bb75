package org.moelora.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.text.template.Expression.CallArguments;
import org.moelora.text.template.Lexer.Kind;
import org.moelora.text.template.Lexer.Token;

/** Expressions, in Jinja's order of precedence. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> NO_ARGUMENT = Set.of("else", "or", "and", "is", "in", "not", "if");

    private final Parser words;

    ExpressionParser(Parser words) {
        this.words = words;
    }

    /** As {@link #withTuple}, of what {@link #withoutChoice} reads. */
    Expression withoutChoiceTuple() {
        int line = words.peek().line();
        Expression first = withoutChoice();
        if (!words.peek().is(Kind.SIGN, ",")) {
            return first;
        }
        List<Expression> all = new ArrayList<>(List.of(first));
        while (words.takeSign(",") && !words.endsTuple()) {
            all.add(withoutChoice());
        }
        return new Expression.TupleOf(line, all);
    }

    /** One expression, or several with commas between, which are a tuple. */
    Expression withTuple() {
        int line = words.peek().line();
        Expression first = expression();
        if (!words.peek().is(Kind.SIGN, ",")) {
            return first;
        }
        List<Expression> all = new ArrayList<>(List.of(first));
        while (words.takeSign(",") && !words.endsTuple()) {
            all.add(expression());
        }
        return new Expression.TupleOf(line, all);
    }

    Expression expression() {
        words.enter();
        Expression value = withoutChoice();
        while (words.peek().is(Kind.NAME, "if")) {
            int line = words.next().line();
            Expression condition = withoutChoice();
            value = new Expression.Choice(line, condition, value, words.takeName("else") ? expression() : null);
        }
        words.leave();
        return value;
    }

    /** Without {@code a if b else c}, as where {@code if} means something else. */
    Expression withoutChoice() {
        Expression left = and();
        while (words.peek().is(Kind.NAME, "or")) {
            left = new Expression.Either(words.next().line(), left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (words.peek().is(Kind.NAME, "and")) {
            left = new Expression.Both(words.next().line(), left, not());
        }
        return left;
    }

    private Expression not() {
        if (!words.peek().is(Kind.NAME, "not")) {
            return comparison();
        }
        int line = words.next().line();
        words.enter();
        Expression of = not();
        words.leave();
        return new Expression.Not(line, of);
    }

    private Expression comparison() {
        int line = words.peek().line();
        List<Expression> operands = new ArrayList<>(List.of(sum()));
        List<String> signs = new ArrayList<>();
        while (true) {
            Token token = words.peek();
            if (token.kind() == Kind.SIGN && COMPARISONS.contains(token.text())) {
                signs.add(words.next().text());
            } else if (words.takeName("in")) {
                signs.add("in");
            } else if (token.is(Kind.NAME, "not") && words.after().is(Kind.NAME, "in")) {
                words.next();
                words.next();
                signs.add("not in");
            } else {
                return signs.isEmpty() ? operands.getFirst() : new Expression.Comparison(line, operands, signs);
            }
            operands.add(sum());
        }
    }

    private Expression sum() {
        Expression left = joined();
        while (words.peek().is(Kind.SIGN, "+") || words.peek().is(Kind.SIGN, "-")) {
            Token sign = words.next();
            left = new Expression.Binary(sign.line(), sign.text(), left, joined());
        }
        return left;
    }

    private Expression joined() {
        Expression left = product();
        while (words.peek().is(Kind.SIGN, "~")) {
            Token sign = words.next();
            left = new Expression.Binary(sign.line(), sign.text(), left, product());
        }
        return left;
    }

    private Expression product() {
        Expression left = power();
        while (words.peek().kind() == Kind.SIGN
                && Set.of("*", "/", "//", "%").contains(words.peek().text())) {
            Token sign = words.next();
            left = new Expression.Binary(sign.line(), sign.text(), left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (words.peek().is(Kind.SIGN, "**")) {
            Token sign = words.next();
            left = new Expression.Binary(sign.line(), sign.text(), left, unary(true));
        }
        return left;
    }

    private Expression unary(boolean filters) {
        Expression value;
        int line = words.peek().line();
        words.enter();
        if (words.takeSign("-")) {
            value = new Expression.Negative(line, unary(false));
        } else if (words.takeSign("+")) {
            value = unary(false);
        } else {
            value = postfix(primary());
        }
        value = filters ? filtered(value) : value;
        words.leave();
        return value;
    }

    private Expression primary() {
        Token token = words.next();
        int line = token.line();
        return switch (token.kind()) {
            case NAME ->
                switch (token.text()) {
                    case "true", "True" -> new Expression.Constant(line, true);
                    case "false", "False" -> new Expression.Constant(line, false);
                    case "none", "None" -> new Expression.Constant(line, null);
                    default -> new Expression.Name(line, token.text());
                };
            case STRING -> {
                var text = new StringBuilder(token.text());
                while (words.peek().kind() == Kind.STRING) {
                    text.append(words.next().text());
                }
                yield new Expression.Constant(line, text.toString());
            }
            case INTEGER -> {
                try {
                    yield new Expression.Constant(line, Long.parseLong(token.text()));
                } catch (NumberFormatException e) {
                    throw words.unsupported(token);
                }
            }
            case FLOAT -> new Expression.Constant(line, Double.parseDouble(token.text()));
            case SIGN -> bracket(token);
            default -> throw words.unsupported(token);
        };
    }

    private Expression bracket(Token token) {
        return switch (token.text()) {
            case "(" -> parenthesis(token.line());
            case "[" -> list(token.line());
            case "{" -> map(token.line());
            default -> throw words.unsupported(token);
        };
    }

    private Expression parenthesis(int line) {
        if (words.takeSign(")")) {
            return new Expression.TupleOf(line, List.of());
        }
        Expression inner = withTuple();
        words.expectSign(")");
        return inner;
    }

    private Expression list(int line) {
        List<Expression> items = new ArrayList<>();
        while (!words.takeSign("]")) {
            items.add(expression());
            if (!words.peek().is(Kind.SIGN, "]")) {
                words.expectSign(",");
            }
        }
        return new Expression.ListOf(line, items);
    }

    private Expression map(int line) {
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!words.takeSign("}")) {
            keys.add(expression());
            words.expectSign(":");
            values.add(expression());
            if (!words.peek().is(Kind.SIGN, "}")) {
                words.expectSign(",");
            }
        }
        return new Expression.MapOf(line, keys, values);
    }

    private Expression postfix(Expression primary) {
        Expression value = primary;
        for (int chained = 0; ; chained++) {
            int line = words.peek().line();
            if (chained > Template.MAX_DEPTH) {
                throw words.unsupported(words.peek());
            }
            if (words.takeSign(".")) {
                Token name = words.next();
                if (name.kind() == Kind.INTEGER && name.text().length() < 10) {
                    value = new Expression.Item(
                            line, value, new Expression.Constant(line, Long.parseLong(name.text())));
                } else if (name.kind() == Kind.NAME) {
                    value = new Expression.Attribute(line, value, name.text());
                } else {
                    throw words.unsupported(name);
                }
            } else if (words.takeSign("[")) {
                value = item(line, value);
            } else if (words.takeSign("(")) {
                value = new Expression.Call(line, value, words.arguments());
            } else {
                return value;
            }
        }
    }

    private Expression item(int line, Expression of) {
        Expression from = words.peek().is(Kind.SIGN, ":") ? null : expression();
        if (from != null && words.takeSign("]")) {
            return new Expression.Item(line, of, from);
        }
        words.expectSign(":");
        Expression to = bound();
        Expression step = words.takeSign(":") ? bound() : null;
        words.expectSign("]");
        return new Expression.Slice(line, of, from, to, step);
    }

    private @Nullable Expression bound() {
        return words.peek().is(Kind.SIGN, ":") || words.peek().is(Kind.SIGN, "]") ? null : expression();
    }

    /** Filters one after the other, of which the first has no sign before it. */
    Expression filters(Expression of) {
        int line = words.peek().line();
        String name = words.name();
        CallArguments arguments = words.takeSign("(") ? words.arguments() : CallArguments.NONE;
        Expression value = new Expression.Filter(line, of, name, arguments);
        return words.takeSign("|") ? filters(value) : value;
    }

    private Expression filtered(Expression unfiltered) {
        Expression value = unfiltered;
        for (int chained = 0; ; chained++) {
            int line = words.peek().line();
            if (chained > Template.MAX_DEPTH) {
                throw words.unsupported(words.peek());
            }
            if (words.takeSign("|")) {
                String name = words.name();
                CallArguments arguments = words.takeSign("(") ? words.arguments() : CallArguments.NONE;
                value = new Expression.Filter(line, value, name, arguments);
            } else if (words.takeName("is")) {
                boolean not = words.takeName("not");
                Expression test = new Expression.Test(line, value, words.name(), testArguments());
                value = not ? new Expression.Not(line, test) : test;
            } else {
                return value;
            }
        }
    }

    private CallArguments testArguments() {
        if (words.takeSign("(")) {
            return words.arguments();
        }
        Token token = words.peek();
        boolean argument = token.kind() == Kind.STRING
                || token.kind() == Kind.INTEGER
                || token.kind() == Kind.FLOAT
                || token.is(Kind.SIGN, "[")
                || token.is(Kind.SIGN, "{")
                || (token.kind() == Kind.NAME && !NO_ARGUMENT.contains(token.text()));
        return argument ? new CallArguments(List.of(postfix(primary())), Map.of(), null, null) : CallArguments.NONE;
    }
}
