package org.moelora.text;

import org.moelora.engine.InputException;
import org.moelora.io.JsonObject;

/**
 * A step {@code Replace}: every match becomes a text. Immutable and thread-safe.
 *
 * @param content what takes the place of a match, literally
 * @param source what complaints begin with
 */
record Replacement(Regex regex, String content, String source) {
    /** Reads the fields {@code pattern} and {@code content}. */
    static Replacement read(JsonObject field) {
        return new Replacement(Regex.read(field), field.string("content"), field.source());
    }

    /**
     * @param longest a few steps that each make two letters of one would make a text of any length
     * @throws InputException if the result is longer
     */
    String apply(String text, long longest) {
        Regex.Search search = regex.in(text);
        if (!search.next()) {
            return text;
        }
        var result = new StringBuilder();
        int done = 0;
        do {
            result.append(text, done, search.start());
            checkLength(result.length() + (long) content.length(), longest, source);
            result.append(content);
            done = search.end();
        } while (search.next());
        result.append(text, done, text.length());
        checkLength(result.length(), longest, source);
        return result.toString();
    }

    /** Refuses a text that a tokenizer has made too long. */
    static void checkLength(long length, long longest, String source) {
        if (length > longest) {
            throw new InputException(source + ": its replacements make a text longer than " + longest
                    + " characters; expected ones that keep a text's length in bounds");
        }
    }
}
