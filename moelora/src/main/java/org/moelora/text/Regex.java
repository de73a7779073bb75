package org.moelora.text;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.moelora.engine.InputException;
import org.moelora.engine.io.JsonObject;

/**
 * Regular expressions of tokenizer.json, which are written for Oniguruma: classes and letter case are Unicode's, {@code ^}
 * and {@code $} stand at every line, and only {@code \n} ends one. What java.util.regex reads differently is refused, and so is what
 * {@link RegexGuard} refuses.
 *
 * <p>A text is searched in time proportional to its length: an expression that backtracks beyond that ends with an exception instead of an answer.
 * Immutable and thread-safe.
 */
final class Regex {
    private static final int FLAGS = Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES;

    /** Characters that may be read per character of a text, and for every text: a hundred times what the usual expressions need. */
    private static final long READS_PER_CHARACTER = 2000;

    private static final long READS_PER_TEXT = 1_000_000;

    /** POSIX brackets, a repetition of a repetition, escapes and flags that mean something else in Java. */
    private static final Pattern FOREIGN =
            Pattern.compile("(?<!\\\\)(?:\\\\\\\\)*(?:\\[:\\^?\\w+:\\]|\\{\\d*,?\\d*}\\+|\\\\[hH]|\\(\\?[a-z]*m)");

    private final Pattern pattern;
    private final String source;

    private Regex(Pattern pattern, String source) {
        this.pattern = pattern;
        this.source = source;
    }

    /** An expression of this program's own. */
    static Regex of(String regex) {
        return new Regex(Pattern.compile(regex, FLAGS), "");
    }

    /** Reads the field {@code pattern}: an object with a {@code String} to find as it is, or a {@code Regex}. */
    static Regex read(JsonObject field) {
        JsonObject pattern = field.object("pattern");
        String literal = pattern.stringOrNull("String");
        if (literal != null) {
            return new Regex(Pattern.compile(literal, Pattern.LITERAL), field.source());
        }
        String regex = pattern.string("Regex");
        String refusal = RegexGuard.refusal(regex);
        if (refusal != null) {
            throw pattern.error("Regex", "a regular expression without " + refusal);
        }
        if (FOREIGN.matcher(regex).find()) {
            throw pattern.error("Regex", "a regular expression that Java reads in the same way");
        }
        try {
            return new Regex(Pattern.compile(regex, FLAGS), field.source());
        } catch (PatternSyntaxException e) {
            InputException refused = pattern.error("Regex", "a regular expression that Java reads in the same way");
            refused.initCause(e);
            throw refused;
        } catch (RuntimeException | StackOverflowError e) { // the compiler is not made for hostile expressions
            throw pattern.error("Regex", "a regular expression");
        }
    }

    /** A search through a text. */
    Search in(String text) {
        return new Search(text);
    }

    /** Finds one match after the other. Used by one thread. */
    final class Search {
        private final Matcher matcher;

        private Search(String text) {
            matcher = pattern.matcher(new Counted(text));
        }

        /**
         * Goes to the next match.
         *
         * @throws InputException if the expression backtracks too much on this text
         */
        boolean next() {
            try {
                return matcher.find();
            } catch (StackOverflowError e) {
                throw tooMuch();
            }
        }

        int start() {
            return matcher.start();
        }

        int end() {
            return matcher.end();
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
