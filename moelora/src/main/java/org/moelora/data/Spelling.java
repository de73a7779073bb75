package org.moelora.data;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.moelora.text.Tokenizer;

/**
 * How a vocabulary has the words that carry loss. A model was trained on few or none of the words that its tokenizer spells out letter by letter or byte by
 * byte, and can write none for which it has only the unknown token.
 *
 * @param words tokens with loss that stand for letters
 * @param spelled those of them that are one letter of a word, next to another such token, or a part of a letter
 * @param unknown those of them that stand for what the vocabulary does not have
 */
public record Spelling(long words, long spelled, long unknown) {
    private enum Kind {
        OTHER,
        WORD,
        LETTER,
        PART,
        UNKNOWN
    }

    /** Counts the tokens of rows. Letters of scripts without upper and lower case, of which one may be a word, count as words. */
    public static Spelling of(List<TokenRow> rows, Tokenizer tokenizer) {
        Map<Integer, Kind> kinds = new HashMap<>();
        long words = 0;
        long spelled = 0;
        long unknown = 0;
        for (TokenRow row : rows) {
            Kind before = Kind.OTHER;
            for (int i = 0; i < row.length(); i++) {
                Kind kind = kinds.computeIfAbsent(row.inputIds()[i], id -> kind(tokenizer, id));
                if (i > 0 && row.labels()[i] != TokenRow.IGNORED && kind != Kind.OTHER) {
                    words++;
                    Kind after = i + 1 < row.length()
                            ? kinds.computeIfAbsent(row.inputIds()[i + 1], id -> kind(tokenizer, id))
                            : Kind.OTHER;
                    boolean inWord = before == Kind.LETTER || after == Kind.LETTER;
                    spelled += kind == Kind.PART || (kind == Kind.LETTER && inWord) ? 1 : 0;
                    unknown += kind == Kind.UNKNOWN ? 1 : 0;
                }
                before = kind;
            }
        }
        return new Spelling(words, spelled, unknown);
    }

    private static Kind kind(Tokenizer tokenizer, int id) {
        if (tokenizer.unknownId().orElse(-1) == id) {
            return Kind.UNKNOWN;
        }
        String text = tokenizer.decode(new int[] {id});
        if (text.indexOf('\uFFFD') >= 0) {
            return Kind.PART;
        }
        String bare = text.strip();
        if (bare.codePoints().noneMatch(Character::isLetter)) {
            return Kind.OTHER;
        }
        int first = bare.codePointAt(0);
        boolean one = bare.codePointCount(0, bare.length()) == 1;
        return one && (Character.isUpperCase(first) || Character.isLowerCase(first)) ? Kind.LETTER : Kind.WORD;
    }

    /** {@code (spelled + unknown) / words}; 0 if there are none. */
    public double share() {
        return words == 0 ? 0 : (double) (spelled + unknown) / words;
    }
}
