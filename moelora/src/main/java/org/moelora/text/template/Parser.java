package org.moelora.text.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.text.template.Expression.Arguments;
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
                List<Statement> body = body("endgeneration");
                close("endgeneration");
                yield new Statement.Group(body);
            }
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
        Expression items = expressions.withoutChoice();
        Expression condition = takeName("if") ? expressions.expression() : null;
        loops++;
        List<Statement> body = body("else", "endfor");
        loops--;
        List<Statement> otherwise = List.of();
        if (peek().kind() == Kind.BLOCK_BEGIN && after().text().equals("else")) {
            at += 2;
            otherwise = body("endfor");
        }
        close("endfor");
        return new Statement.For(line, names, items, condition, body, otherwise);
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
        if (names.size() == 1 && peek().kind() == Kind.BLOCK_END) {
            List<Statement> body = body("endset");
            close("endset");
            return new Statement.SetBlock(names.getFirst(), body);
        }
        expectSign("=");
        Expression value = expressions.withTuple();
        end(Kind.BLOCK_END);
        return new Statement.Set(line, names, value);
    }

    private Statement macro(int line) {
        String name = name();
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
        int around = loops;
        loops = 0;
        List<Statement> body = body("endmacro");
        loops = around;
        close("endmacro");
        return new Statement.Macro(line, name, parameters, defaults, body);
    }

    /** After an opening parenthesis, up to the closing one. */
    Arguments arguments() {
        List<Expression> values = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        while (!takeSign(")")) {
            if (peek().kind() == Kind.NAME && after().is(Kind.SIGN, "=")) {
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
        return new Arguments(values, named);
    }
}
