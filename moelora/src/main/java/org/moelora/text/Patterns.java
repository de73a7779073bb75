package org.moelora.text;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.io.JsonObject;

/**
 * Regular expressions of tokenizer.json, which are written for Oniguruma: classes and letter case are Unicode's, {@code ^}
 * and {@code $} stand at every line, and only {@code \n} ends one. What java.util.regex reads differently is refused.
 */
final class Patterns {
    private static final int FLAGS = Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES;

    /** POSIX brackets, a repetition of a repetition, escapes and flags that mean something else in Java. */
    private static final Pattern FOREIGN =
            Pattern.compile("(?<!\\\\)(?:\\\\\\\\)*(?:\\[:\\^?\\w+:\\]|\\{\\d*,?\\d*}\\+|\\\\[hH]|\\(\\?[a-z]*m)");

    private Patterns() {}

    static Pattern compile(String regex) {
        return Pattern.compile(regex, FLAGS);
    }

    /** Reads the field {@code pattern}: an object with a {@code String} to find as it is, or a {@code Regex}. */
    static Pattern read(JsonObject field) {
        JsonObject pattern = field.object("pattern");
        String literal = pattern.stringOrNull("String");
        if (literal != null) {
            return Pattern.compile(literal, Pattern.LITERAL);
        }
        String regex = pattern.string("Regex");
        if (FOREIGN.matcher(regex).find()) {
            throw refusal(pattern, null);
        }
        try {
            return compile(regex);
        } catch (PatternSyntaxException e) {
            throw refusal(pattern, e);
        }
    }

    private static InputException refusal(JsonObject pattern, @Nullable PatternSyntaxException cause) {
        InputException e = pattern.error("Regex", "a regular expression that Java reads in the same way");
        if (cause != null) {
            e.initCause(cause);
        }
        return e;
    }
}
