package org.moelora.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;

/**
 * Reads a regular expression in the syntax and the meaning that {@link java.util.regex.Pattern} has without flags: characters, {@code .}, classes with ranges and negation, {@code \d \w \s
 * \h} and their opposites, escapes, groups, {@code |}, {@code * + ? {n} {n,} {n,m}} (lazy ones match the same texts), and {@code ^} and {@code $} at the ends. Used by one thread.
 */
final class RegexReader {
    private static final CodePoints DIGITS = CodePoints.of('0', '9');
    private static final CodePoints WORD =
            DIGITS.with(CodePoints.of('a', 'z')).with(CodePoints.of('A', 'Z')).with(CodePoints.of('_'));
    private static final CodePoints SPACE = CodePoints.of(" \t\n\u000B\f\r");
    private static final CodePoints HORIZONTAL =
            CodePoints.of(" \t\u00A0\u1680\u180E\u202F\u205F\u3000").with(CodePoints.of(0x2000, 0x200A));
    private static final CodePoints LINE_ENDS = CodePoints.of("\n\r\u0085\u2028\u2029");
    private static final int MOST_DEPTH = 200;

    private static final String EXPECTED = "characters, classes, groups, |, * + ? {n,m}, and ^ and $ at the ends";

    private final String where;
    private final int[] text;
    private final Function<CodePoints, Rules.Part> one;
    private final boolean anywhere;
    private int at;
    private int depth;

    private RegexReader(String where, String expression, Function<CodePoints, Rules.Part> one, boolean anywhere) {
        this.where = where;
        this.text = expression.codePoints().toArray();
        this.one = one;
        this.anywhere = anywhere;
    }

    /**
     * Texts that match as a whole.
     *
     * @param where how complaints begin
     * @param one how a character of a set is written
     */
    static Rules.Part whole(String where, String expression, Function<CodePoints, Rules.Part> one) {
        return new RegexReader(where, expression, one, false).read();
    }

    /** Texts in which the expression matches somewhere. */
    static Rules.Part anywhere(String where, String expression, Function<CodePoints, Rules.Part> one) {
        return new RegexReader(where, expression, one, true).read();
    }

    private Rules.Part read() {
        Rules.Part part = alternatives(true);
        if (at < text.length) {
            throw wrong("has a ) without its (");
        }
        return part;
    }

    private InputException wrong(String what) {
        return new InputException(where + " " + what + " at character " + (at + 1) + "; expected a regular expression");
    }

    private UnsupportedFeature unsupported(String what) {
        return new UnsupportedFeature(where, what, EXPECTED);
    }

    private boolean ended() {
        return at == text.length;
    }

    private boolean follows(String what) {
        int[] expected = what.codePoints().toArray();
        for (int i = 0; i < expected.length; i++) {
            if (at + i >= text.length || text[at + i] != expected[i]) {
                return false;
            }
        }
        return true;
    }

    private boolean take(String what) {
        boolean there = follows(what);
        at += there ? what.length() : 0;
        return there;
    }

    private int next() {
        if (ended()) {
            throw wrong("ends in the middle");
        }
        return text[at++];
    }

    private Rules.Part alternatives(boolean outer) {
        if (++depth > MOST_DEPTH) {
            throw wrong("has more than " + MOST_DEPTH + " groups inside each other");
        }
        List<Rules.Part> all = new ArrayList<>();
        do {
            all.add(sequence(outer));
        } while (take("|"));
        depth--;
        return all.size() == 1 ? all.getFirst() : Rules.anyOf(all);
    }

    private Rules.Part sequence(boolean outer) {
        List<Rules.Part> parts = new ArrayList<>();
        boolean begins = take("^") || take("\\A");
        if (begins && !outer) {
            throw unsupported("^ inside of a group");
        }
        boolean ends = false;
        if (!begins && outer && anywhere) {
            parts.add(Rules.repeat(one.apply(CodePoints.ALL), 0, -1));
        }
        while (!ended() && !follows("|") && !follows(")")) {
            if (take("$") || take("\\z")) {
                if (!outer || !(ended() || follows("|"))) {
                    throw unsupported("$ inside of the expression");
                }
                ends = true;
            } else {
                parts.add(repeated(piece()));
            }
        }
        if (!ends && outer && anywhere) {
            parts.add(Rules.repeat(one.apply(CodePoints.ALL), 0, -1));
        }
        return Rules.sequence(parts.toArray(Rules.Part[]::new));
    }

    private Rules.Part repeated(Rules.Part piece) {
        Rules.Part part = piece;
        boolean quantified = false;
        while (!ended()) {
            int least;
            int most;
            if (take("*")) {
                least = 0;
                most = -1;
            } else if (take("+")) {
                least = 1;
                most = -1;
            } else if (take("?")) {
                least = 0;
                most = 1;
            } else if (take("{")) {
                least = number();
                most = take(",") ? follows("}") ? -1 : number() : least;
                if (!take("}")) {
                    throw wrong("has a { without its }");
                }
                if (most >= 0 && most < least) {
                    throw wrong("repeats up to " + most + " times, and at least " + least + " times");
                }
            } else {
                return part;
            }
            if (quantified) {
                throw wrong("repeats a repetition");
            }
            quantified = true;
            part = Rules.repeat(part, least, most);
            if (follows("+")) {
                throw unsupported("a possessive repetition");
            }
            take("?"); // lazy: the same texts
        }
        return part;
    }

    private int number() {
        int from = at;
        int number = 0;
        while (!ended() && text[at] >= '0' && text[at] <= '9') {
            number = number * 10 + text[at++] - '0';
            if (number > Rules.MOST_STATES) {
                throw wrong("repeats more than " + Rules.MOST_STATES + " times");
            }
        }
        if (at == from) {
            throw wrong("has a { without a number");
        }
        return number;
    }

    private Rules.Part piece() {
        if (take("(")) {
            if (take("?")) {
                if (!take(":")) {
                    throw unsupported("the group (?" + (ended() ? "" : Character.toString(text[at])));
                }
            }
            Rules.Part inside = alternatives(false);
            if (!take(")")) {
                throw wrong("has a ( without its )");
            }
            return inside;
        }
        if (take("[")) {
            return one.apply(set());
        }
        if (take(".")) {
            return one.apply(LINE_ENDS.complement());
        }
        if (take("\\")) {
            return one.apply(escape(false));
        }
        int c = next();
        if (c == '^') {
            throw unsupported("^ inside of the expression");
        }
        if (c == '*' || c == '+' || c == '?' || c == '{') {
            at--;
            throw wrong("repeats nothing");
        }
        return one.apply(CodePoints.of(c));
    }

    private CodePoints set() {
        boolean negated = take("^");
        CodePoints all = CodePoints.NONE;
        boolean first = true;
        while (first || !follows("]")) {
            if (follows("[") || follows("&&")) {
                throw unsupported(follows("[") ? "a class inside of a class" : "&& in a class");
            }
            if (first && follows("]")) {
                throw wrong("has an empty class");
            }
            first = false;
            CodePoints from = member();
            if (follows("-") && at + 1 < text.length && text[at + 1] != ']') {
                at++;
                if (follows("[")) {
                    throw unsupported("a class inside of a class");
                }
                CodePoints to = member();
                int low = single(from);
                int high = single(to);
                if (low > high) {
                    throw wrong("has a range of characters that ends before it begins");
                }
                all = all.with(CodePoints.of(low, high));
            } else {
                all = all.with(from);
            }
        }
        at++;
        return negated ? all.complement() : all;
    }

    private CodePoints member() {
        return take("\\") ? escape(true) : CodePoints.of(next());
    }

    private int single(CodePoints set) {
        if (set.ranges().size() != 1
                || set.ranges().getFirst().from() != set.ranges().getFirst().to()) {
            throw wrong("has a range whose ends are not characters");
        }
        return set.ranges().getFirst().from();
    }

    private CodePoints escape(boolean inClass) {
        int c = next();
        return switch (c) {
            case 'd' -> DIGITS;
            case 'D' -> DIGITS.complement();
            case 'w' -> WORD;
            case 'W' -> WORD.complement();
            case 's' -> SPACE;
            case 'S' -> SPACE.complement();
            case 'h' -> HORIZONTAL;
            case 'H' -> HORIZONTAL.complement();
            case 'n' -> CodePoints.of('\n');
            case 't' -> CodePoints.of('\t');
            case 'r' -> CodePoints.of('\r');
            case 'f' -> CodePoints.of('\f');
            case 'e' -> CodePoints.of(0x1B);
            case 'a' -> CodePoints.of(0x07);
            case 'x' -> CodePoints.of(code(2));
            case 'u' -> CodePoints.of(unit());
            default -> {
                if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
                    throw unsupported("\\" + Character.toString(c) + (inClass ? " in a class" : ""));
                }
                yield CodePoints.of(c);
            }
        };
    }

    /** A UTF-16 unit, or two that together are a character. */
    private int unit() {
        int unit = code(4);
        if (Character.isHighSurrogate((char) unit) && take("\\u")) {
            int low = code(4);
            if (Character.isLowSurrogate((char) low)) {
                return Character.toCodePoint((char) unit, (char) low);
            }
        }
        if (Character.isSurrogate((char) unit)) {
            throw wrong("names half of a surrogate pair");
        }
        return unit;
    }

    private int code(int digits) {
        int code = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(next(), 16);
            if (digit < 0) {
                throw wrong("has no " + digits + " hexadecimal digits where it needs them");
            }
            code = code * 16 + digit;
        }
        return code;
    }
}
