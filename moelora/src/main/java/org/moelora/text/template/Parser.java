package org.moelora.text.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.text.template.Expression.CallArguments;
import org.moelora.text.template.Lexer.Kind;
import org.moelora.text.template.Lexer.Token;

/** Statements out of a template's words. */
final class Parser {
    private final String source;
    private final List<Token> tokens;
    private final ExpressionParser expressions;
    private int at;
    private int depth;
    private int loops;

    private Parser(String source, List<Token> tokens) {
        this.source = source;
        this.tokens = tokens;
        expressions = new ExpressionParser(this);
    }

    static List<Statement> parse(String source, String template) {
        Parser parser = new Parser(source, Lexer.tokens(source, template));
        List<Statement> all = parser.statements();
        Token rest = parser.peek();
        if (rest.kind() != Kind.END) {
            throw parser.unsupported(rest);
        }
        return all;
    }

    Token peek() {
        return tokens.get(at);
    }

    Token after() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(at);
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    boolean take(Kind kind, String text) {
        boolean there = peek().is(kind, text);
        at += there ? 1 : 0;
        return there;
    }

    boolean takeSign(String text) {
        return take(Kind.SIGN, text);
    }

    boolean takeName(String text) {
        return take(Kind.NAME, text);
    }

    void expectSign(String text) {
        if (!takeSign(text)) {
            throw unsupported(peek());
        }
    }

    /** Whether a comma before this was the last thing of a tuple. */
    boolean endsTuple() {
        Token token = peek();
        return token.is(Kind.SIGN, ")")
                || token.kind() == Kind.BLOCK_END
                || token.kind() == Kind.PRINT_END
                || token.is(Kind.SIGN, "=");
    }

    String name() {
        Token token = next();
        if (token.kind() != Kind.NAME) {
            throw unsupported(token);
        }
        return token.text();
    }

    InputException unsupported(Token token) {
        return new InputException(source + ": line " + token.line() + " of the chat template has \"" + token.text()
                + "\", which is not supported there; expected what docs/data.md lists");
    }

    /** Counts how deep constructs stand in one another. */
    void enter() {
        if (++depth > Template.MAX_DEPTH) {
            throw new InputException(source + ": line " + peek().line() + " of the chat template stands in more than "
                    + Template.MAX_DEPTH + " constructs; expected fewer");
        }
    }

    void leave() {
        depth--;
    }

    /** Up to a block that begins with one of these words, which is not taken. */
    private List<Statement> statements(String... ends) {
        enter();
        List<Statement> all = new ArrayList<>();
        while (peek().kind() != Kind.END) {
            Token token = peek();
            if (token.kind() == Kind.TEXT) {
                all.add(new Statement.Text(next().text()));
            } else if (token.kind() == Kind.PRINT_BEGIN) {
                next();
                all.add(new Statement.Print(expressions.withTuple()));
                end(Kind.PRINT_END);
            } else if (token.kind() == Kind.BLOCK_BEGIN) {
                if (Arrays.asList(ends).contains(after().text())) {
                    break;
                }
                next();
                all.add(block());
            } else {
                throw unsupported(token);
            }
        }
        leave();
        return all;
    }

    private void end(Kind kind) {
        if (peek().kind() != kind) {
            throw unsupported(peek());
        }
        next();
    }

    /** Takes the block that ends a construct. */
    private void close(String word) {
        end(Kind.BLOCK_BEGIN);
        if (!takeName(word)) {
            throw unsupported(peek());
        }
        end(Kind.BLOCK_END);
    }

    private List<Statement> body(String... ends) {
        end(Kind.BLOCK_END);
        return statements(ends);
    }

    private Statement block() {
        Token word = next();
        return switch (word.text()) {
            case "if" -> ifBlock();
            case "for" -> forBlock(word.line());
            case "set" -> set(word.line());
            case "macro" -> macro(word.line());
            case "generation" -> {
                List<Statement> body = closedBody("endgeneration");
                yield new Statement.With(List.of(), List.of(), body);
            }
            case "call" -> call(word.line());
            case "filter" -> {
                Expression filters = expressions.filters(new Expression.Name(word.line(), Statement.WRITTEN));
                yield new Statement.Filter(filters, closedBody("endfilter"));
            }
            case "with" -> with();
            case "break", "continue" -> {
                if (loops == 0) {
                    throw unsupported(word);
                }
                end(Kind.BLOCK_END);
                yield word.text().equals("break") ? new Statement.Break() : new Statement.Continue();
            }
            default -> throw unsupported(word);
        };
    }

    private Statement ifBlock() {
        List<Statement.Branch> branches = new ArrayList<>();
        Expression condition = expressions.withTuple();
        branches.add(new Statement.Branch(condition, body("elif", "else", "endif")));
        while (peek().kind() == Kind.BLOCK_BEGIN && after().text().equals("elif")) {
            at += 2;
            Expression other = expressions.withTuple();
            branches.add(new Statement.Branch(other, body("elif", "else", "endif")));
        }
        if (peek().kind() == Kind.BLOCK_BEGIN && after().text().equals("else")) {
            at += 2;
            branches.add(new Statement.Branch(null, body("endif")));
        }
        close("endif");
        return new Statement.If(branches);
    }

    private List<String> names() {
        List<String> names = new ArrayList<>();
        boolean inParentheses = takeSign("(");
        do {
            names.add(name());
        } while (takeSign(","));
        if (inParentheses) {
            expectSign(")");
        }
        return names;
    }

    private Statement forBlock(int line) {
        List<String> names = names();
        if (!takeName("in")) {
            throw unsupported(peek());
        }
        Expression items = expressions.withoutChoiceTuple();
        Expression condition = takeName("if") ? expressions.expression() : null;
        boolean recursive = takeName("recursive");
        loops++;
        List<Statement> body = body("else", "endfor");
        loops--;
        List<Statement> otherwise = List.of();
        if (peek().kind() == Kind.BLOCK_BEGIN && after().text().equals("else")) {
            at += 2;
            otherwise = body("endfor");
        }
        close("endfor");
        return new Statement.For(line, names, items, condition, body, otherwise, recursive);
    }

    private Statement set(int line) {
        if (after().is(Kind.SIGN, ".")) {
            String namespace = name();
            next();
            String name = name();
            expectSign("=");
            Expression value = expressions.withTuple();
            end(Kind.BLOCK_END);
            return new Statement.SetAttribute(line, namespace, name, value);
        }
        List<String> names = names();
        boolean filtered = names.size() == 1 && takeSign("|");
        if (filtered || (names.size() == 1 && peek().kind() == Kind.BLOCK_END)) {
            Expression filters = filtered ? expressions.filters(new Expression.Name(line, Statement.WRITTEN)) : null;
            List<Statement> body = body("endset");
            close("endset");
            return new Statement.SetBlock(names.getFirst(), filters, body);
        }
        expectSign("=");
        Expression value = expressions.withTuple();
        end(Kind.BLOCK_END);
        return new Statement.Set(line, names, value);
    }

    private Statement macro(int line) {
        String name = name();
        return macro(line, name, "endmacro");
    }

    /** From the parameters, which a {@code call} block may lack, to the end of the body. */
    private Statement.Macro macro(int line, String name, String end) {
        List<String> parameters = new ArrayList<>();
        List<@Nullable Expression> defaults = new ArrayList<>();
        expectSign("(");
        while (!takeSign(")")) {
            parameters.add(name());
            defaults.add(takeSign("=") ? expressions.expression() : null);
            if (!peek().is(Kind.SIGN, ")")) {
                expectSign(",");
            }
        }
        return macro(line, name, parameters, defaults, end);
    }

    private Statement.Macro macro(
            int line, String name, List<String> parameters, List<@Nullable Expression> defaults, String end) {
        int from = at;
        List<Statement> body = closedBody(end);
        List<Token> words = tokens.subList(from, at);
        return new Statement.Macro(
                line,
                name,
                parameters,
                defaults,
                body,
                uses(words, "varargs"),
                uses(words, "kwargs"),
                uses(words, "caller"));
    }

    private static boolean uses(List<Token> words, String name) {
        return words.stream().anyMatch(word -> word.is(Kind.NAME, name));
    }

    /** A body that no {@code break} within leaves, with the block that ends it. */
    private List<Statement> closedBody(String end) {
        int around = loops;
        loops = 0;
        List<Statement> body = body(end);
        loops = around;
        close(end);
        return body;
    }

    private Statement call(int line) {
        List<String> parameters = new ArrayList<>();
        List<@Nullable Expression> defaults = new ArrayList<>();
        if (takeSign("(")) {
            while (!takeSign(")")) {
                parameters.add(name());
                defaults.add(takeSign("=") ? expressions.expression() : null);
                if (!peek().is(Kind.SIGN, ")")) {
                    expectSign(",");
                }
            }
        }
        Token begin = peek();
        if (!(expressions.expression() instanceof Expression.Call call)) {
            throw unsupported(begin);
        }
        return new Statement.Call(line, call, macro(line, "caller", parameters, defaults, "endcall"));
    }

    private Statement with() {
        List<String> names = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (peek().kind() != Kind.BLOCK_END) {
            names.add(name());
            expectSign("=");
            values.add(expressions.expression());
            if (peek().kind() != Kind.BLOCK_END) {
                expectSign(",");
            }
        }
        List<Statement> body = body("endwith");
        close("endwith");
        return new Statement.With(names, values, body);
    }

    /** After an opening parenthesis, up to the closing one. */
    CallArguments arguments() {
        List<Expression> values = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression list = null;
        Expression map = null;
        while (!takeSign(")")) {
            if (takeSign("**") && map == null) {
                map = expressions.expression();
            } else if (takeSign("*") && list == null && map == null) {
                list = expressions.expression();
            } else if (peek().kind() == Kind.NAME && after().is(Kind.SIGN, "=")) {
                String name = name();
                next();
                named.put(name, expressions.expression());
            } else {
                values.add(expressions.expression());
            }
            if (!peek().is(Kind.SIGN, ")")) {
                expectSign(",");
            }
        }
        return new CallArguments(values, named, list, map);
    }
}
