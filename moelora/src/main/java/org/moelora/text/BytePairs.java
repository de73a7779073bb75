package org.moelora.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * Byte pair encoding: a word starts as its letters, and the neighbouring pair of the lowest rank is merged, the leftmost
 * first, until no pair is in the table. With n letters that takes O(n log n), also where the whole text is one word.
 *
 * <p>A sentencepiece-style text is one word as a whole, in which {@code \u2581} stands for a space. Where no merge makes a token that has this mark after
 * another letter, no merge reaches over the place between the two, and what is on either side is merged for itself.
 *
 * <p>Words that came before are remembered, in a table of bounded size. Behaves as if immutable; thread-safe.
 */
final class BytePairs {
    private static final int LOW = 0x200;

    private static final char SPACE_MARK = '\u2581';
    private static final int REMEMBERED = 1 << 15;
    private static final int LONGEST_REMEMBERED = 48;

    /** A word and its ids. Its fields are final, so that a thread that finds one finds it whole. */
    private record Known(String word, int[] ids) {}

    /**
     * What letters without a token become.
     *
     * @param id the token that stands for them, or -1 if such a text is refused
     * @param fused whether several of them together are one token
     * @param bytes the tokens of a letter's bytes in UTF-8, which go before {@code id}; null if there are none
     */
    record Unknown(int id, boolean fused, int @Nullable [] bytes) {}

    private final String source;
    private final Vocabulary vocabulary;
    private final int[] lowLetters = new int[LOW];
    private final Map<Integer, Integer> highLetters = new HashMap<>();
    private final PairTable merges;
    private final boolean ignoreMerges;
    private final Unknown unknown;
    private final boolean marksBeginWords;
    private final @Nullable Known[] remembered = new @Nullable Known[REMEMBERED];

    /**
     * @param source the file, for messages
     * @param ignoreMerges whether a word that is a token as a whole becomes this token, whatever its merges make
     */
    BytePairs(String source, Vocabulary vocabulary, PairTable merges, boolean ignoreMerges, Unknown unknown) {
        this.source = source;
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.ignoreMerges = ignoreMerges;
        this.unknown = unknown;
        fillLetters();
        String unknownToken = vocabulary.token(unknown.id());
        marksBeginWords = !ignoreMerges
                && vocabulary.id(String.valueOf(SPACE_MARK)) != null
                && (unknownToken == null || unknownToken.indexOf(SPACE_MARK) < 0)
                && merges.results().mapToObj(vocabulary::token).noneMatch(BytePairs::hasMarkInside);
    }

    /** The token for letters that the vocabulary does not have; negative if there is none. */
    int unknownId() {
        return unknown.id();
    }

    /** Whether a space's mark comes after another letter. */
    private static boolean hasMarkInside(@Nullable String token) {
        if (token == null) {
            return false;
        }
        for (int i = token.indexOf(SPACE_MARK, 1); i > 0; i = token.indexOf(SPACE_MARK, i + 1)) {
            if (token.charAt(i - 1) != SPACE_MARK) {
                return true;
            }
        }
        return false;
    }

    private void fillLetters() {
        Arrays.fill(lowLetters, -1);
        for (int id = 0; id < vocabulary.size(); id++) {
            String token = vocabulary.token(id);
            if (token != null && !token.isEmpty() && token.length() == Character.charCount(token.codePointAt(0))) {
                int letter = token.codePointAt(0);
                if (letter < LOW) {
                    lowLetters[letter] = id;
                } else {
                    highLetters.put(letter, id);
                }
            }
        }
    }

    /** The id of a token, or null if there is none. */
    @Nullable Integer id(String token) {
        return vocabulary.id(token);
    }

    /** The token of an id, or null if there is none. */
    @Nullable String token(int id) {
        return vocabulary.token(id);
    }

    /** One more than the highest id. */
    int size() {
        return vocabulary.size();
    }

    /** Appends the ids of a word. */
    void encode(String word, IntList out) {
        if (ignoreMerges) {
            Integer whole = vocabulary.id(word);
            if (whole != null) {
                out.add(whole);
                return;
            }
        }
        int from = 0;
        for (int i = marksBeginWords ? 1 : word.length(); i < word.length(); i++) {
            if (word.charAt(i) == SPACE_MARK && word.charAt(i - 1) != SPACE_MARK) {
                remember(word.substring(from, i), out);
                from = i;
            }
        }
        remember(from == 0 ? word : word.substring(from), out);
    }

    private void remember(String word, IntList out) {
        if (word.length() > LONGEST_REMEMBERED) {
            merge(letters(word), out);
            return;
        }
        int hash = word.hashCode() * 0x9E3779B9;
        int slot = hash >>> -Integer.numberOfTrailingZeros(REMEMBERED);
        Known known = remembered[slot];
        if (known == null || !known.word().equals(word)) {
            int start = out.size();
            merge(letters(word), out);
            remembered[slot] = new Known(word, out.from(start));
        } else {
            out.addAll(known.ids());
        }
    }

    /** A letter as messages show it: a byte, where the vocabulary is written in the alphabet of bytes. */
    private String named(int letter) {
        String text = Character.toString(letter);
        byte[] bytes = vocabulary.id(ByteAlphabet.letter(' ')) == null ? null : ByteAlphabet.bytes(text);
        return bytes == null || (bytes[0] > ' ' && bytes[0] <= '~')
                ? "\"" + text + "\""
                : "the byte 0x" + HexFormat.of().withUpperCase().toHexDigits(bytes[0]);
    }

    /** The ids that a word's merges begin with. */
    int[] letters(String word) {
        var ids = new IntList();
        int[] bytes = unknown.bytes();
        boolean afterUnknown = false;
        int letter;
        for (int i = 0; i < word.length(); i += Character.charCount(letter)) {
            letter = word.codePointAt(i);
            int id = letter < LOW ? lowLetters[letter] : highLetters.getOrDefault(letter, -1);
            boolean isUnknown = id < 0 && bytes == null;
            if (id >= 0) {
                ids.add(id);
            } else if (bytes != null) {
                for (byte b : Character.toString(letter).getBytes(StandardCharsets.UTF_8)) {
                    ids.add(bytes[b & 0xFF]);
                }
            } else if (unknown.id() < 0) {
                throw new InputException(source + ": the vocabulary has no token for " + named(letter)
                        + "; expected one for each letter of the text, or an unk_token");
            } else if (!unknown.fused() || !afterUnknown) {
                ids.add(unknown.id());
            }
            afterUnknown = isUnknown;
        }
        return ids.toArray();
    }

    /**
     * Symbols are a linked list over the letters' places; a merge keeps the left place and takes the right one out. Gives how many
     * candidates were looked at: each letter and each merge offers two at most.
     */
    long merge(int[] ids, IntList out) {
        int n = ids.length;
        int[] before = new int[n];
        int[] after = new int[n];
        var queue = new MergeQueue(n);
        for (int i = 0; i < n; i++) {
            before[i] = i - 1;
            after[i] = i + 1;
            offer(queue, ids, i, i + 1);
        }
        while (!queue.isEmpty()) {
            long first = queue.remove();
            int rank = (int) (first >>> 32);
            int at = (int) first;
            int right = after[at];
            // Since it was offered, one of the two may have become part of another symbol.
            if (ids[at] < 0 || right == n || merges.rank(ids[at], ids[right]) != rank) {
                continue;
            }
            ids[at] = merges.result(ids[at], ids[right]);
            ids[right] = -1;
            after[at] = after[right];
            if (after[at] < n) {
                before[after[at]] = at;
            }
            if (before[at] >= 0) {
                offer(queue, ids, before[at], at);
            }
            offer(queue, ids, at, after[at]);
        }
        for (int i = 0; i < n; i = after[i]) {
            out.add(ids[i]);
        }
        return queue.taken();
    }

    private void offer(MergeQueue queue, int[] ids, int left, int right) {
        if (right < ids.length) {
            int rank = merges.rank(ids[left], ids[right]);
            if (rank >= 0) {
                queue.add(rank, left);
            }
        }
    }
}
