package org.moelora.text;

import java.util.Locale;
import java.util.Set;

/**
 * Writes an expression of Oniguruma, the engine of Hugging Face's tokenizers, in the syntax of java.util.regex, so that both match the same. What has
 * no counterpart is refused by name. Recursion is bounded by {@link RegexGuard}, which looks at the expression first.
 *
 * <p>Oniguruma's {@code \w} outside brackets counts the superscripts and fractions of Latin-1 as word, within brackets it does not; joiners are no
 * word in either place.
 */
final class Oniguruma {
    /** What is not supported, by name. */
    static final class Unsupported extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unsupported(String what) {
            super(what, null, false, false);
        }
    }

    private static final String WORD_IN_BRACKETS = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";
    private static final String WORD = "[" + WORD_IN_BRACKETS + "\\xB2\\xB3\\xB9\\xBC-\\xBE]";
    private static final String NO_WORD = "[^" + WORD.substring(1);
    private static final String BOUNDARY = "(?!(?<=" + WORD + ")(?=" + WORD + "))(?!(?<!" + WORD + ")(?!" + WORD + "))";
    private static final String HEX = "0-9A-Fa-f";

    /** Pairs of letters that full case folding makes of one. */
    private static final Set<String> FOLDED_PAIRS = Set.of("ff", "fi", "fl", "ss", "st");

    private final String regex;
    private final StringBuilder java = new StringBuilder();
    private int at;
    private boolean anyCase;

    /** The literal just before, if nothing stands between; 0 if there is none. */
    private int literalBefore;

    private Oniguruma(String regex) {
        this.regex = regex;
    }

    /**
     * @throws Unsupported for what java.util.regex cannot say
     */
    static String toJava(String regex) {
        var reader = new Oniguruma(regex);
        reader.alternatives();
        if (reader.more()) {
            throw new Unsupported("an unmatched )");
        }
        return reader.java.toString();
    }

    private boolean more() {
        return at < regex.length();
    }

    private boolean ahead(String text) {
        return regex.startsWith(text, at);
    }

    private boolean take(String text) {
        boolean there = ahead(text);
        at += there ? text.length() : 0;
        return there;
    }

    private int next() {
        if (!more()) {
            throw new Unsupported("an end within an escape or brackets");
        }
        int c = regex.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    /** Up to the closing parenthesis or the end. */
    private void alternatives() {
        boolean around = anyCase;
        int opened = 0;
        literalBefore = 0;
        while (more() && !ahead(")")) {
            if (take("|")) {
                java.append('|');
                literalBefore = 0;
            } else if (optionsForTheRest()) {
                opened++;
            } else {
                atom();
                quantifiers();
            }
        }
        java.repeat(")", opened);
        anyCase = around;
        literalBefore = 0;
    }

    /** {@code (?i)} holds up to the end of the group, alternatives included, which makes it a group around all of them. */
    private boolean optionsForTheRest() {
        int end = at + 2;
        while (end < regex.length() && "imx-".indexOf(regex.charAt(end)) >= 0) {
            end++;
        }
        if (!ahead("(?") || end == at + 2 || end >= regex.length() || regex.charAt(end) != ')') {
            return false;
        }
        java.append("(?").append(flags(regex.substring(at + 2, end))).append(':');
        at = end + 1;
        literalBefore = 0;
        return true;
    }

    private String flags(String flags) {
        boolean on = true;
        for (int i = 0; i < flags.length(); i++) {
            char c = flags.charAt(i);
            if (c == '-') {
                on = false;
            } else if (c == 'i') {
                anyCase = on;
            } else if (c != 'm') {
                throw new Unsupported("the option " + c);
            }
        }
        return flags.replace('m', 's');
    }

    private void atom() {
        int c = next();
        switch (c) {
            case '(' -> group();
            case '[' -> {
                bracketsWithCase();
                literalBefore = 0;
            }
            case '\\' -> escape();
            case '.', '^', '$' -> {
                java.appendCodePoint(c);
                literalBefore = 0;
            }
            case '*', '+', '?' -> throw new Unsupported("a repetition of nothing");
            default -> literal(c);
        }
    }

    private void checkCase(int c) {
        if (anyCase && (c == 0x130 || c == 0x131)) {
            throw new Unsupported("the letters U+0130 and U+0131 without case");
        }
    }

    private void literal(int c) {
        checkCase(c);
        if (anyCase) {
            String pair = Character.toString(literalBefore) + Character.toString(c);
            if (FOLDED_PAIRS.contains(pair.toLowerCase(Locale.ROOT))
                    || (c >= 0x80
                            && Character.toString(c)
                                            .toUpperCase(Locale.ROOT)
                                            .codePoints()
                                            .count()
                                    > 1)) {
                throw new Unsupported("letters without case that may also be one letter");
            }
        }
        literalBefore = c;
        if (anyCase && (c == 'i' || c == 'I')) {
            java.append("(?-i:[iI])"); // Java would count the letters without a dot and with one
        } else {
            quoted(c);
        }
    }

    private void quoted(int c) {
        if (c < 0x80 && !Character.isLetterOrDigit(c)) {
            java.append("\\x%02X".formatted(c));
        } else {
            java.appendCodePoint(c);
        }
    }

    private void group() {
        boolean around = anyCase;
        java.append('(');
        if (take("?")) {
            java.append('?');
            if (take("<=") || take("<!")) {
                java.append(regex, at - 2, at);
            } else if (take("=") || take("!") || take(">") || take(":")) {
                java.append(regex.charAt(at - 1));
            } else if (take("<")) {
                int end = regex.indexOf('>', at);
                if (end < 0) {
                    throw new Unsupported("a group's name without an end");
                }
                java.append(':'); // nothing refers to it
                at = end + 1;
            } else {
                int end = at;
                while (end < regex.length() && "imx-".indexOf(regex.charAt(end)) >= 0) {
                    end++;
                }
                if (end == at || end == regex.length() || regex.charAt(end) != ':') {
                    throw new Unsupported("(?" + regex.substring(at, Math.min(regex.length(), at + 1)));
                }
                java.append(flags(regex.substring(at, end))).append(':');
                at = end + 1;
            }
        }
        alternatives();
        if (!take(")")) {
            throw new Unsupported("a group without an end");
        }
        java.append(')');
        anyCase = around;
    }

    private void quantifiers() {
        boolean repeated = false;
        while (more()) {
            char c = regex.charAt(at);
            String quantifier;
            if (c == '*' || c == '+' || c == '?') {
                at++;
                quantifier = String.valueOf(c);
                quantifier += take("?") ? "?" : take("+") ? "+" : "";
            } else if (c == '{') {
                quantifier = interval();
                if (quantifier.isEmpty()) {
                    return; // a brace that stands for itself
                }
            } else {
                return;
            }
            if (repeated) {
                throw new Unsupported("a repetition of a repetition");
            }
            repeated = true;
            literalBefore = 0;
            java.append(quantifier);
        }
    }

    private String interval() {
        int end = at + 1;
        while (end < regex.length() && (Character.isDigit(regex.charAt(end)) || regex.charAt(end) == ',')) {
            end++;
        }
        String inner = regex.substring(at + 1, Math.min(end, regex.length()));
        if (end >= regex.length()
                || regex.charAt(end) != '}'
                || !inner.matches("[0-9]{1,6}(?:,[0-9]{0,6})?|,[0-9]{1,6}")) {
            return "";
        }
        at = end + 1;
        boolean lazy = take("?");
        if (lazy && inner.indexOf(',') < 0) {
            throw new Unsupported("{n}?");
        }
        return "{" + (inner.startsWith(",") ? "0" : "") + inner + "}" + (lazy ? "?" : "");
    }

    /** After a backslash, outside brackets. */
    private void escape() {
        int c = next();
        if ("wWbBRAzZGdDsShHpP".indexOf(c) < 0) {
            literal(character(c));
            return;
        }
        literalBefore = 0;
        switch (c) {
            case 'w' -> java.append(WORD);
            case 'W' -> java.append(NO_WORD);
            case 'b' -> java.append(BOUNDARY);
            case 'B' -> java.append("(?!").append(BOUNDARY).append(')');
            case 'R' -> java.append("(?>\\r\\n|[\\n-\\r\\x85\\x{2028}\\x{2029}])");
            case 'A', 'z', 'Z', 'G' -> java.append('\\').appendCodePoint(c);
            default -> java.append(inClass(c, false));
        }
    }

    /** What stands for characters after a backslash, also within brackets. */
    private String inClass(int c, boolean inBrackets) {
        String open = inBrackets ? "" : "[";
        String close = inBrackets ? "" : "]";
        return switch (c) {
            case 'w' -> WORD_IN_BRACKETS;
            case 'W' -> "[^" + WORD_IN_BRACKETS + "]";
            case 'd' -> "\\p{Nd}";
            case 'D' -> "\\P{Nd}";
            case 's' -> "\\p{IsWhite_Space}";
            case 'S' -> "\\P{IsWhite_Space}";
            case 'h' -> open + HEX + close;
            case 'H' -> "[^" + HEX + "]";
            default -> property(c == 'P');
        };
    }

    private String property(boolean not) {
        if (!take("{")) {
            throw new Unsupported("\\p without braces");
        }
        int end = regex.indexOf('}', at);
        if (end < 0) {
            throw new Unsupported("\\p{ without an end");
        }
        String name = regex.substring(at, end);
        at = end + 1;
        boolean inverse = name.startsWith("^");
        String property = OnigurumaProperties.named(inverse ? name.substring(1) : name);
        if (property == null) {
            throw new Unsupported("\\p{" + name + "}");
        }
        if (anyCase && !property.equals("\\p{N}")) {
            throw new Unsupported("\\p{" + name + "} without case");
        }
        return not == inverse ? property : OnigurumaProperties.inverse(property);
    }

    /** The character that an escape stands for. */
    private int character(int c) {
        return switch (c) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'f' -> '\f';
            case 'v' -> 0x0B;
            case 'a' -> 0x07;
            case 'e' -> 0x1B;
            case 'u' -> hex(4, 4);
            case 'x' -> {
                if (!take("{")) {
                    yield hex(1, 2);
                }
                int value = hex(1, 8);
                if (!take("}") || !Character.isValidCodePoint(value)) {
                    throw new Unsupported("\\x{ without one character");
                }
                yield value;
            }
            default -> {
                if (c < 0x80 && Character.isLetterOrDigit(c)) {
                    throw new Unsupported("\\" + Character.toString(c));
                }
                yield c;
            }
        };
    }

    private int hex(int fewest, int most) {
        int end = at;
        while (end < regex.length() && end < at + most && Character.digit(regex.charAt(end), 16) >= 0) {
            end++;
        }
        if (end < at + fewest) {
            throw new Unsupported("an escape without its digits");
        }
        int value = (int) Math.min(Long.parseLong(regex.substring(at, end), 16), Integer.MAX_VALUE);
        at = end;
        return value;
    }

    /** Brackets that are in no others. */
    private void bracketsWithCase() {
        int start = java.length();
        boolean not = ahead("^");
        java.append('[');
        brackets();
        if (anyCase) { // Java counts the capital I with a dot and the small one without as i
            String those = "(?-i:[\\u0130\\u0131])";
            java.insert(start, not ? "(?:" + those + "|" : "(?!" + those + ")").append(not ? ")" : "");
        }
    }

    /** After an opening bracket, up to the closing one. */
    private void brackets() {
        if (take("^")) {
            java.append('^');
        }
        boolean empty = true;
        while (true) {
            if (!empty && take("]")) {
                java.append(']');
                return;
            }
            if (ahead("&&]") || (empty && ahead("&&"))) {
                throw new Unsupported("&& without two sides");
            }
            empty = false;
            if (take("&&")) {
                java.append("&&");
            } else if (take("[:")) {
                posix();
            } else if (take("[")) {
                java.append('[');
                brackets();
            } else {
                element();
            }
        }
    }

    private void posix() {
        boolean not = take("^");
        int end = regex.indexOf(":]", at);
        String name = end < 0 ? "" : regex.substring(at, end);
        String property = end < 0 ? null : OnigurumaProperties.bracket(name);
        if (property == null) {
            throw new Unsupported("[:" + name + ":]");
        }
        at = end + 2;
        java.append(not ? "[^" : "[").append(property).append(']');
    }

    /** A character, a range or a class. */
    private void element() {
        int c = next();
        if (c == '\\') {
            int escaped = next();
            if ("wWdDsShHpP".indexOf(escaped) >= 0) {
                java.append(inClass(escaped, true));
                if (ahead("-") && !ahead("-]")) {
                    throw new Unsupported("a range that begins with a class");
                }
                return;
            }
            c = escaped == 'b' ? '\b' : character(escaped);
        }
        checkCase(c);
        quoted(c);
        if (ahead("-") && !ahead("-]") && !ahead("-&&")) {
            at++;
            int to = next();
            if (to == '[') {
                throw new Unsupported("a range that ends with brackets");
            }
            if (to == '\\') {
                int escaped = next();
                to = escaped == 'b' ? '\b' : character(escaped);
            }
            if (c < 0x130 && to > 0x131) {
                checkCase(0x131);
            }
            checkCase(to);
            java.append('-');
            quoted(to);
        }
    }
}
