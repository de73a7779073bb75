package org.moelora.text;

import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.JsonObject;

/**
 * Regular expressions of tokenizer.json, which are written for Oniguruma: classes and letter case are Unicode's, {@code ^}
 * and {@code $} stand at every line, and only {@code \n} ends one. {@link Oniguruma} writes them in Java's syntax; what has no counterpart there is refused by name, and so is what
 * {@link RegexGuard} refuses.
 *
 * <p>The expressions of {@link WordScanner} and plain strings are matched without backtracking. With any other, a text is searched in time proportional to its length: an expression that backtracks beyond that ends with an exception instead of an answer.
 * Immutable and thread-safe.
 */
final class Regex {
    private static final int FLAGS = Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES;

    /** Characters that may be read per character of a text, and for every text: a hundred times what the usual expressions need. */
    private static final long READS_PER_CHARACTER = 2000;

    private static final long READS_PER_TEXT = 1_000_000;

    private final Pattern pattern;
    private final String source;
    private final @Nullable WordScanner scanner;
    private final @Nullable String literal;

    private Regex(Pattern pattern, String source, @Nullable WordScanner scanner, @Nullable String literal) {
        this.pattern = pattern;
        this.source = source;
        this.scanner = scanner;
        this.literal = literal;
    }

    /** An expression of this program's own. */
    static Regex of(String regex) {
        return new Regex(Pattern.compile(regex, FLAGS), "", WordScanner.of(regex), null);
    }

    /** An expression of this program's own, matched as any of a file, whether or not there is a scanner for it. */
    static Regex withoutScanner(String regex) {
        return new Regex(Pattern.compile(regex, FLAGS), "", null, null);
    }

    /** A string to find as it is. */
    static Regex literal(String text, String source) {
        return new Regex(Pattern.compile(text, Pattern.LITERAL), source, null, text.isEmpty() ? null : text);
    }

    /** Reads the field {@code pattern}: an object with a {@code String} to find as it is, or a {@code Regex}. */
    static Regex read(JsonObject field) {
        JsonObject pattern = field.object("pattern");
        String literal = pattern.stringOrNull("String");
        if (literal != null) {
            return literal(literal, field.source());
        }
        String regex = pattern.string("Regex");
        String java;
        try {
            java = guarded(regex);
        } catch (Oniguruma.Unsupported e) {
            throw pattern.error("Regex", "a regular expression without " + e.getMessage());
        }
        try {
            return new Regex(Pattern.compile(java, FLAGS), field.source(), WordScanner.of(regex), null);
        } catch (PatternSyntaxException e) {
            InputException refused = pattern.error("Regex", "a regular expression that Java reads in the same way");
            refused.initCause(e);
            throw refused;
        } catch (RuntimeException | StackOverflowError e) { // the compiler is not made for hostile expressions
            throw pattern.error("Regex", "a regular expression");
        }
    }

    /** The expression in Java's syntax, if neither it nor what it is written as is refused. */
    private static String guarded(String regex) {
        String java = regex;
        for (int round = 0; round < 2; round++) {
            String refusal = RegexGuard.refusal(java);
            if (refusal != null) {
                throw new Oniguruma.Unsupported(refusal);
            }
            java = round == 0 ? Oniguruma.toJava(regex) : java;
        }
        return java;
    }

    /** A search through a text. */
    Search in(String text) {
        return new Search(text);
    }

    /** Finds one match after the other. Used by one thread. */
    final class Search {
        private final String text;
        private final @Nullable Matcher matcher;
        private int start;
        private int end;

        private Search(String text) {
            this.text = text;
            matcher = scanner != null || literal != null ? null : pattern.matcher(new Counted(text));
        }

        /**
         * Goes to the next match.
         *
         * @throws InputException if the expression backtracks too much on this text
         */
        boolean next() {
            if (scanner != null) {
                start = end;
                end = start == text.length() ? start : scanner.end(text, start);
                return end > start;
            }
            if (literal != null) {
                start = text.indexOf(literal, end);
                end = start < 0 ? text.length() : start + literal.length();
                return start >= 0;
            }
            return found();
        }

        private boolean found() {
            Matcher search = Objects.requireNonNull(matcher);
            try {
                if (!search.find()) {
                    return false;
                }
            } catch (StackOverflowError e) {
                throw tooMuch();
            }
            start = search.start();
            end = search.end();
            return true;
        }

        int start() {
            return start;
        }

        int end() {
            return end;
        }
    }

    private InputException tooMuch() {
        return new InputException(source + ": the regular expression " + pattern.pattern()
                + " takes too long on a text; expected one that reads it once");
    }

    /** A text that is read only so often. */
    private final class Counted implements CharSequence {
        private final String text;
        private long left;

        Counted(String text) {
            this.text = text;
            this.left = READS_PER_TEXT + READS_PER_CHARACTER * text.length();
        }

        @Override
        public char charAt(int index) {
            if (--left < 0) {
                throw tooMuch();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
