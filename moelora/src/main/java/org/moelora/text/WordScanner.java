package org.moelora.text;

import org.jspecify.annotations.Nullable;

/**
 * The expressions by which the well-known byte-level tokenizers cut words, matched by hand: each of them matches at every place of a text,
 * so that a text is its matches one after the other, and a character is looked at a few times at most. Whatever else a file asks for goes
 * through {@link Regex}.
 */
enum WordScanner {
    /** The pattern that GPT-2's published encoder splits words by. */
    GPT2("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"),
    /** Llama 3's, with up to three digits together. */
    LLAMA3("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    /** Qwen2's, with every digit apart. */
    QWEN2("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

    private static final int LETTER = 0;
    private static final int NUMBER = 1;
    private static final int SPACE = 2;
    private static final int OTHER = 3;

    private final String regex;

    WordScanner(String regex) {
        this.regex = regex;
    }

    /** The scanner of an expression, or null if there is none. */
    static @Nullable WordScanner of(String regex) {
        for (WordScanner scanner : values()) {
            if (scanner.regex.equals(regex)) {
                return scanner;
            }
        }
        return null;
    }

    /** The expression that this matches. */
    String regex() {
        return regex;
    }

    /** The end of the match that begins at {@code from}, which is before the text's end. */
    int end(String text, int from) {
        return this == GPT2 ? gpt2(text, from) : llama3(text, from, this == QWEN2 ? 1 : 3);
    }

    private static int gpt2(String text, int from) {
        char c = text.charAt(from);
        if (c == '\'') {
            int length = contraction(text, from, false);
            if (length > 0) {
                return from + length;
            }
        }
        int word = c == ' ' && from + 1 < text.length() ? from + 1 : from;
        int kind = kindAt(text, word);
        if (kind != SPACE) {
            return endOf(kind, text, word);
        }
        return spaces(text, from, endOf(SPACE, text, from));
    }

    private static int llama3(String text, int from, int digits) {
        char c = text.charAt(from);
        if (c == '\'') {
            int length = contraction(text, from, true);
            if (length > 0) {
                return from + length;
            }
        }
        int kind = kindAt(text, from);
        int next = from + Character.charCount(text.codePointAt(from));
        if (kind == LETTER || (kind != NUMBER && c != '\r' && c != '\n' && isLetter(text, next))) {
            return endOf(LETTER, text, kind == LETTER ? from : next);
        }
        if (kind == NUMBER) {
            int end = next;
            for (int i = 1; i < digits && end < text.length() && kindAt(text, end) == NUMBER; i++) {
                end += Character.charCount(text.codePointAt(end));
            }
            return end;
        }
        int signs = c == ' ' && next < text.length() ? next : from;
        if (kindAt(text, signs) == OTHER) {
            int end = endOf(OTHER, text, signs);
            while (end < text.length() && isLineEnd(text.charAt(end))) {
                end++;
            }
            return end;
        }
        int end = endOf(SPACE, text, from);
        for (int i = end; i > from; i--) {
            if (isLineEnd(text.charAt(i - 1))) {
                return i;
            }
        }
        return spaces(text, from, end);
    }

    /** White space up to the text's end is one match; before a word its last character belongs to the word, or stands alone. */
    private static int spaces(String text, int from, int end) {
        return end == text.length() || end == from + 1 ? end : end - 1;
    }

    private static boolean isLetter(String text, int at) {
        return at < text.length() && kindAt(text, at) == LETTER;
    }

    private static boolean isLineEnd(char c) {
        return c == '\r' || c == '\n';
    }

    private static int contraction(String text, int at, boolean anyCase) {
        char first = at + 1 < text.length() ? folded(text.charAt(at + 1), anyCase) : 0;
        char second = at + 2 < text.length() ? folded(text.charAt(at + 2), anyCase) : 0;
        return switch (first) {
            case 's', 't', 'm', 'd' -> 2;
            case 'r', 'v' -> second == 'e' ? 3 : 0;
            case 'l' -> second == 'l' ? 3 : 0;
            default -> 0;
        };
    }

    /** Of all characters beyond ASCII only the long s folds to one of the letters of a contraction. */
    private static char folded(char c, boolean anyCase) {
        if (!anyCase) {
            return c;
        }
        return c >= 'A' && c <= 'Z' ? (char) (c + 'a' - 'A') : c == '\u017f' ? 's' : c;
    }

    private static int endOf(int kind, String text, int from) {
        int at = from;
        while (at < text.length() && kindAt(text, at) == kind) {
            at += Character.charCount(text.codePointAt(at));
        }
        return at;
    }

    private static int kindAt(String text, int at) {
        char c = text.charAt(at);
        if (c < 0x80) {
            if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
                return LETTER;
            }
            return c >= '0' && c <= '9' ? NUMBER : c == ' ' || (c >= '\t' && c <= '\r') ? SPACE : OTHER;
        }
        return switch (Character.getType(text.codePointAt(at))) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER -> LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> SPACE;
            default -> c == 0x85 ? SPACE : OTHER;
        };
    }
}
