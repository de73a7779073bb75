package org.moelora.text;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds added tokens in a text before anything else looks at it: from the left, the longest one at each place. Immutable and
 * thread-safe.
 */
final class AddedTokens {
    /** The most characters of one, and of all together: they are looked for at every place of a text. */
    static final int LONGEST = 1 << 10;

    static final int LONGEST_TOGETHER = 1 << 20;

    private static final Pattern WORD = Pattern.compile("\\w", Pattern.UNICODE_CHARACTER_CLASS);

    /**
     * An entry of {@code added_tokens}.
     *
     * @param content the text that stands for it
     * @param special whether decoding leaves it out
     * @param singleWord whether it counts only between characters that are no part of a word
     * @param takesSpaceBefore whether it swallows the white space before it ({@code lstrip})
     * @param takesSpaceAfter whether it swallows the white space after it ({@code rstrip})
     * @param normalized whether it is looked for in the normalised text
     */
    record Token(
            int id,
            String content,
            boolean special,
            boolean singleWord,
            boolean takesSpaceBefore,
            boolean takesSpaceAfter,
            boolean normalized) {
        Token withContent(String other) {
            return new Token(id, other, special, singleWord, takesSpaceBefore, takesSpaceAfter, normalized);
        }
    }

    /** Takes a text between added tokens. */
    @FunctionalInterface
    interface Texts {
        /**
         * @param first whether the whole text begins with it
         */
        void accept(String text, boolean first);
    }

    private static final class Node {
        final Map<Character, Node> next = new HashMap<>();

        @Nullable Token token;
    }

    private static final int ASCII = 0x80;

    private final Node root = new Node();
    private final boolean[] first = new boolean[ASCII];

    AddedTokens(List<Token> tokens) {
        for (Token token : tokens) {
            Node node = root;
            for (char c : token.content().toCharArray()) {
                node = node.next.computeIfAbsent(c, key -> new Node());
            }
            node.token = token;
        }
        root.token = null;
        root.next.keySet().stream().filter(c -> c < ASCII).forEach(c -> first[c] = true);
    }

    /** Hands over what the text consists of, in order: added tokens' ids, and the texts between them, which are never empty. */
    void split(String text, IntConsumer ids, Texts texts) {
        int done = 0;
        int at = 0;
        while (at < text.length()) {
            Token token = longestAt(text, at);
            if (token == null) {
                at++;
                continue;
            }
            int start = at;
            int end = at + token.content().length();
            at = end;
            if (token.singleWord() && !standsAlone(text, start, end)) {
                continue;
            }
            while (token.takesSpaceBefore() && start > done && isSpace(text.charAt(start - 1))) {
                start--;
            }
            while (token.takesSpaceAfter() && end < text.length() && isSpace(text.charAt(end))) {
                end++;
            }
            if (start > done) {
                texts.accept(text.substring(done, start), done == 0);
            }
            ids.accept(token.id());
            done = end;
            at = end;
        }
        if (done < text.length()) {
            texts.accept(done == 0 ? text : text.substring(done), done == 0);
        }
    }

    private @Nullable Token longestAt(String text, int from) {
        char begin = text.charAt(from);
        if (begin < ASCII && !first[begin]) {
            return null;
        }
        Token longest = null;
        Node node = root.next.get(begin);
        for (int i = from + 1; node != null; i++) {
            longest = node.token == null ? longest : node.token;
            node = i < text.length() ? node.next.get(text.charAt(i)) : null;
        }
        return longest;
    }

    private static boolean standsAlone(String text, int start, int end) {
        return (start == 0 || !isWord(text.codePointBefore(start)))
                && (end == text.length() || !isWord(text.codePointAt(end)));
    }

    private static boolean isWord(int c) {
        return WORD.matcher(Character.toString(c)).matches();
    }

    /** Unicode's White_Space, all of which fits in one char. */
    static boolean isSpace(char c) {
        return Character.isSpaceChar(c) || (c >= '\t' && c <= '\r') || c == 0x85;
    }
}
