package org.moelora.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds added tokens in a text before anything else looks at it. Matches are found first and then widened over the white space that they take, as
 * Hugging Face's tokenizers do, so a token of white space that takes what follows is found as often as it is there. Immutable and thread-safe.
 */
final class AddedTokens {
    /** Whose rules hold. */
    enum Rules {
        /**
         * Of matches that overlap the leftmost counts, and the longest at its place. White space is Unicode's. Decoding treats an added token that is
         * not special as any other.
         */
        HUGGING_FACE,
        /**
         * Of matches that overlap the one of the token with the most bytes counts, then the leftmost. White space is ASCII's. Decoding gives the text of
         * an added token as it is.
         */
        LLAMA_CPP
    }

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
        Token asSpecial() {
            return new Token(id, content, true, singleWord, takesSpaceBefore, takesSpaceAfter, normalized);
        }

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

        int rank;
    }

    private interface CharPredicate {
        boolean test(char c);
    }

    private record Match(Token token, int rank, int start, int end) {}

    private static final int ASCII = 0x80;

    private final Rules rules;
    private final Node root = new Node();
    private final boolean[] first = new boolean[ASCII];
    private final int longest;

    AddedTokens(List<Token> tokens) {
        this(tokens, Rules.HUGGING_FACE);
    }

    /** Of tokens with the same text the first counts. */
    AddedTokens(List<Token> tokens, Rules rules) {
        this.rules = rules;
        List<Token> ranked = new ArrayList<>(tokens);
        if (rules == Rules.LLAMA_CPP) {
            ranked.sort(Comparator.comparingInt(token -> -token.content().getBytes(StandardCharsets.UTF_8).length));
        }
        for (int rank = 0; rank < ranked.size(); rank++) {
            Token token = ranked.get(rank);
            Node node = root;
            for (char c : token.content().toCharArray()) {
                node = node.next.computeIfAbsent(c, key -> new Node());
            }
            if (node.token == null) {
                node.token = token;
                node.rank = rank;
            }
        }
        longest = ranked.stream()
                .mapToInt(token -> token.content().length() + 1)
                .max()
                .orElse(0);
        root.token = null;
        root.next.keySet().stream().filter(c -> c < ASCII).forEach(c -> first[c] = true);
    }

    /** Hands over what the text consists of, in order: added tokens' ids, and the texts between them, which are never empty. */
    void split(String text, IntConsumer ids, Texts texts) {
        int done = 0;
        for (Match match : rules == Rules.HUGGING_FACE ? leftmost(text) : longest(text)) {
            if (match.start() > done) {
                texts.accept(text.substring(done, match.start()), done == 0);
            }
            ids.accept(match.token().id());
            done = match.end();
        }
        if (done < text.length()) {
            texts.accept(done == 0 ? text : text.substring(done), done == 0);
        }
    }

    /** Where the last token begins that is the same whatever follows the text; 0 if there is none. */
    int lastStart(String text) {
        int last = 0;
        for (Match match : rules == Rules.HUGGING_FACE ? leftmost(text) : longest(text)) {
            if (match.start() + longest <= text.length()) {
                last = Math.max(last, match.start());
            }
        }
        return last;
    }

    /** A match within the white space that an earlier one took counts too. */
    private List<Match> leftmost(String text) {
        List<Match> matches = new ArrayList<>();
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
            if (token.takesSpaceBefore()) {
                start = Math.max(done, spaceBefore(text, start, 0, AddedTokens::isSpace));
            }
            if (token.takesSpaceAfter()) {
                end = spaceAfter(text, end, text.length(), AddedTokens::isSpace);
            }
            if (start < end) { // else an earlier match took all of it
                matches.add(new Match(token, 0, start, end));
                done = end;
            }
        }
        return matches;
    }

    /** Every match, the longest token first, if the text that it stands in is still free. */
    private List<Match> longest(String text) {
        List<Match> all = new ArrayList<>();
        for (int at = 0; at < text.length(); at++) {
            char begin = text.charAt(at);
            Node node = begin < ASCII && !first[begin] ? null : root.next.get(begin);
            for (int end = at + 1; node != null; end++) {
                if (node.token != null) {
                    all.add(new Match(node.token, node.rank, at, end));
                }
                node = end < text.length() ? node.next.get(text.charAt(end)) : null;
            }
        }
        all.sort(Comparator.comparingInt(Match::rank).thenComparingInt(Match::start));
        TreeMap<Integer, Match> taken = new TreeMap<>();
        for (Match match : all) {
            Map.Entry<Integer, Match> before = taken.lowerEntry(match.end());
            int free = before == null ? 0 : before.getValue().end();
            if (free <= match.start()) {
                Integer next = taken.ceilingKey(match.end());
                Token token = match.token();
                int start = token.takesSpaceBefore()
                        ? spaceBefore(text, match.start(), free, AddedTokens::isAsciiSpace)
                        : match.start();
                int end = token.takesSpaceAfter()
                        ? spaceAfter(text, match.end(), next == null ? text.length() : next, AddedTokens::isAsciiSpace)
                        : match.end();
                taken.put(start, new Match(token, match.rank(), start, end));
            }
        }
        return List.copyOf(taken.values());
    }

    private static int spaceBefore(String text, int start, int lowest, CharPredicate space) {
        int at = start;
        while (at > lowest && space.test(text.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    private static int spaceAfter(String text, int end, int highest, CharPredicate space) {
        int at = end;
        while (at < highest && space.test(text.charAt(at))) {
            at++;
        }
        return at;
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

    private static boolean isAsciiSpace(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
    }

    /** Unicode's White_Space, all of which fits in one char. */
    static boolean isSpace(char c) {
        return Character.isSpaceChar(c) || (c >= '\t' && c <= '\r') || c == 0x85;
    }
}
