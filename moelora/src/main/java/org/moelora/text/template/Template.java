package org.moelora.text.template;

import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * A template in a subset of Jinja: {@code if}, {@code for} with {@code loop}, {@code set}, {@code macro}, {@code call}, {@code filter}, {@code with}, {@code break},
 * {@code continue}, {@code raw} and {@code generation} blocks, expressions, and the filters, tests and methods that chat templates use. It computes texts and nothing else: it
 * sees the variables that it is given, calls no code but this package's, and reads no file, clock or environment. What it may do is bounded: the steps, the characters and
 * list elements that it makes, and how deep it is nested.
 *
 * <p>Immutable and thread-safe.
 */
public final class Template {
    static final int MAX_DEPTH = 100;
    static final int MAX_TEMPLATE = 1 << 20;

    private final String source;
    private final List<Statement> statements;

    private Template(String source, List<Statement> statements) {
        this.source = source;
        this.statements = statements;
    }

    /**
     * Reads a template.
     *
     * @param source what complaints begin with
     * @throws InputException if it is no template, or has a construct that is not supported, which is named with its line
     */
    public static Template parse(String source, String template) {
        if (template.length() > MAX_TEMPLATE) {
            throw new InputException(source + ": the chat template has " + template.length()
                    + " characters; expected at most " + MAX_TEMPLATE);
        }
        return new Template(source, Parser.parse(source, template));
    }

    /**
     * The text that it makes of variables.
     *
     * @param variables strings, booleans, numbers (Long, Double), null, and lists and maps with string keys of these
     * @param date what {@code strftime_now} takes for today
     * @throws InputException if it calls {@code raise_exception}, needs what the variables lack or what is not supported, or does too much
     */
    public String render(Map<String, ? extends @Nullable Object> variables, LocalDate date) {
        return new Evaluator(new Limits(source), variables, date).render(statements);
    }
}
