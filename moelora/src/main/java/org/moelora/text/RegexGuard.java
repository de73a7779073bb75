package org.moelora.text;

import org.jspecify.annotations.Nullable;

/**
 * Looks at a regular expression of a file before it is compiled. A backtracking matcher can try exponentially many ways to match; {@link Regex}
 * stops one that reads too much of a text, but it cannot see tries that read nothing at all. There are only as many of those as there are choices
 * between two ways of matching nothing, so an expression with such a choice is refused: a repetition of what may be empty, as in {@code (a*)*},
 * and two alternatives that may be empty, as in {@code (?:|^)}. Also refused are back references, quotations, and more groups in one another or more
 * characters than any tokenizer has. Stateless.
 */
public final class RegexGuard {
    static final int MAX_LENGTH = 1 << 13;
    private static final int MAX_DEPTH = 32;

    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Refused(String why) {
            super(why, null, false, false);
        }
    }

    private final String regex;
    private int at;

    private RegexGuard(String regex) {
        this.regex = regex;
    }

    /** Why an expression is refused, null if it is not. What is no regular expression at all may pass: the compiler will say so. */
    public static @Nullable String refusal(String regex) {
        if (regex.length() > MAX_LENGTH) {
            return "more than " + MAX_LENGTH + " characters";
        }
        try {
            RegexGuard guard = new RegexGuard(regex);
            while (guard.more()) {
                guard.alternatives(0);
                guard.at++; // a closing parenthesis too many
            }
            return null;
        } catch (Refused e) {
            return String.valueOf(e.getMessage());
        }
    }

    private boolean more() {
        return at < regex.length();
    }

    private boolean take(String text) {
        boolean there = regex.startsWith(text, at);
        at += there ? text.length() : 0;
        return there;
    }

    /** Whether what stands up to the next closing parenthesis may match without a character. */
    private boolean alternatives(int depth) {
        if (depth > MAX_DEPTH) {
            throw new Refused("more than " + MAX_DEPTH + " groups in one another");
        }
        boolean empty = sequence(depth);
        while (take("|")) {
            boolean other = sequence(depth);
            if (empty && other) {
                throw new Refused("two alternatives that may both be empty");
            }
            empty |= other;
        }
        return empty;
    }

    private boolean sequence(int depth) {
        boolean empty = true;
        while (more() && regex.charAt(at) != '|' && regex.charAt(at) != ')') {
            boolean atom = atom(depth);
            boolean optional = more() && (regex.charAt(at) == '?' || regex.charAt(at) == '*' || zeroTimes());
            if (quantifier() && atom) {
                throw new Refused("a repetition of what may be empty");
            }
            empty &= atom || optional;
        }
        return empty;
    }

    private boolean zeroTimes() {
        int from = at + 1;
        int to = from;
        while (to < regex.length() && regex.charAt(to) == '0') {
            to++;
        }
        return regex.charAt(at) == '{' && to > from && to < regex.length() && !Character.isDigit(regex.charAt(to));
    }

    private boolean quantifier() {
        if (!more() || "?*+{".indexOf(regex.charAt(at)) < 0) {
            return false;
        }
        if (regex.charAt(at) == '{') {
            skipPast('}');
        } else {
            at++;
        }
        if (more() && (regex.charAt(at) == '?' || regex.charAt(at) == '+')) {
            at++;
        }
        return true;
    }

    private boolean atom(int depth) {
        char c = regex.charAt(at++);
        return switch (c) {
            case '(' -> group(depth);
            case '[' -> {
                characters(depth);
                yield false;
            }
            case '\\' -> escape();
            case '^', '$' -> true;
            default -> false;
        };
    }

    private boolean group(int depth) {
        boolean looksOnly = take("?=") || take("?!") || take("?<=") || take("?<!");
        if (!looksOnly && take("?<")) {
            skipPast('>');
        } else if (!looksOnly && !take("?>") && take("?")) {
            while (more() && (Character.isLetter(regex.charAt(at)) || regex.charAt(at) == '-')) {
                if (regex.charAt(at) == 'x') {
                    throw new Refused("comments");
                }
                at++;
            }
            if (take(")")) {
                return true; // flags for what follows
            }
            take(":");
        }
        boolean empty = alternatives(depth + 1);
        take(")");
        return empty || looksOnly;
    }

    private void characters(int depth) {
        if (depth > MAX_DEPTH) {
            throw new Refused("more than " + MAX_DEPTH + " groups in one another");
        }
        take("^");
        take("]");
        while (more() && !take("]")) {
            char c = regex.charAt(at++);
            if (c == '[') {
                characters(depth + 1);
            } else if (c == '\\') {
                escape();
            }
        }
    }

    private boolean escape() {
        if (!more()) {
            return false;
        }
        char c = regex.charAt(at++);
        if (c == 'p' || c == 'P' || c == 'x') {
            if (more() && regex.charAt(at) == '{') {
                skipPast('}');
            }
        } else if (c == 'c') {
            at++;
        } else if ((c >= '1' && c <= '9') || "kQEN".indexOf(c) >= 0) {
            throw new Refused("\\" + c);
        }
        return "bBAGZz".indexOf(c) >= 0;
    }

    private void skipPast(char end) {
        int found = regex.indexOf(end, at);
        at = found < 0 ? regex.length() : found + 1;
    }
}
