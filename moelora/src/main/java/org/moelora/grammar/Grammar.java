package org.moelora.grammar;

import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/** What a text has to be: JSON, JSON by a schema, or what a regular expression matches. Immutable and thread-safe. */
public final class Grammar {
    private enum Kind {
        JSON,
        JSON_SCHEMA,
        REGEX
    }

    private final Kind kind;
    private final String text;
    private final Rules rules;

    private Grammar(Kind kind, String text, Rules rules) {
        this.kind = kind;
        this.text = text;
        this.rules = rules;
        BitSet all = new BitSet();
        all.set(0, 256);
        automaton(all); // refuses what allows no text
    }

    /** One JSON object. */
    public static Grammar json() {
        return new Grammar(Kind.JSON, "", JsonSchema.anyObject());
    }

    /**
     * A value that is valid by a JSON Schema.
     *
     * @throws InputException if it is no schema, or no text is valid
     * @throws org.moelora.engine.UnsupportedFeature naming a keyword that is not supported
     */
    public static Grammar jsonSchema(String schema) {
        return new Grammar(Kind.JSON_SCHEMA, schema, JsonSchema.read(schema));
    }

    /**
     * A text that an expression matches as a whole.
     *
     * @throws InputException if it is no expression, or matches no text
     * @throws org.moelora.engine.UnsupportedFeature naming a construct that is not supported
     */
    public static Grammar regex(String expression) {
        Rules rules = new Rules("the regular expression");
        rules.define(0, RegexReader.whole("the regular expression", expression, Rules::one));
        return new Grammar(Kind.REGEX, expression, rules);
    }

    /**
     * @param available bytes that texts may consist of
     */
    Automaton automaton(BitSet available) {
        return new Automaton(rules, available);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Grammar grammar && kind == grammar.kind && text.equals(grammar.text);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, text);
    }
}
