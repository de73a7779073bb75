package org.moelora.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.io.JsonArray;
import org.moelora.engine.io.JsonObject;

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
    /** Ids go into arrays, so that a lying file must not ask for one of gigabytes. */
    static final int MAX_ID = (1 << 24) - 1;

    private static final int LOW = 0x200;

    private static final char SPACE_MARK = '\u2581';
    private static final int REMEMBERED = 1 << 15;
    private static final int LONGEST_REMEMBERED = 48;

    /** A word and its ids. Its fields are final, so that a thread that finds one finds it whole. */
    private record Known(String word, int[] ids) {}

    private final String source;
    private final Map<String, Integer> vocabulary;
    private final @Nullable String[] tokens;
    private final int[] lowLetters = new int[LOW];
    private final Map<Integer, Integer> highLetters = new HashMap<>();
    private final PairTable merges;
    private boolean markInside;
    private final boolean ignoreMerges;
    private final boolean fuseUnknown;
    private final int unknown;
    private final int @Nullable [] fallback;
    private final boolean marksBeginWords;
    private final @Nullable Known[] remembered = new @Nullable Known[REMEMBERED];

    /** Reads the field {@code model} of a tokenizer.json. */
    BytePairs(JsonObject model) {
        source = model.source();
        check(model);
        JsonObject vocab = model.object("vocab");
        vocabulary = HashMap.newHashMap(vocab.names().size());
        tokens = tokens(vocab);
        fillLetters();
        merges = merges(model.array("merges"));
        ignoreMerges = model.flag("ignore_merges", false);
        fuseUnknown = model.flag("fuse_unk", false);
        String unknownToken = model.stringOrNull("unk_token");
        unknown = unknownToken == null ? -1 : vocabulary.getOrDefault(unknownToken, -1);
        if (unknownToken != null && unknown < 0) {
            throw model.error("unk_token", "a token of the vocabulary");
        }
        fallback = model.flag("byte_fallback", false) ? fallback(model) : null;
        marksBeginWords = !ignoreMerges
                && !markInside
                && vocabulary.containsKey(String.valueOf(SPACE_MARK))
                && (unknownToken == null || unknownToken.indexOf(SPACE_MARK) < 0);
    }

    /** Whether a space's mark comes after another letter. */
    private static boolean hasMarkInside(String token) {
        for (int i = token.indexOf(SPACE_MARK, 1); i > 0; i = token.indexOf(SPACE_MARK, i + 1)) {
            if (token.charAt(i - 1) != SPACE_MARK) {
                return true;
            }
        }
        return false;
    }

    private static void check(JsonObject model) {
        if (!model.string("type", "BPE").equals("BPE")) {
            throw model.error("type", "BPE");
        }
        if (model.number("dropout", 0) != 0) {
            throw model.error("dropout", "none, since merges are not dropped at random here");
        }
        for (String name : new String[] {"continuing_subword_prefix", "end_of_word_suffix"}) {
            if (!model.string(name, "").isEmpty()) {
                throw model.error(name, "none, since subword marks are not supported");
            }
        }
    }

    private @Nullable String[] tokens(JsonObject vocab) {
        int highest = -1;
        for (String token : vocab.names()) {
            int id = vocab.integer(token);
            if (id < 0 || id > MAX_ID) {
                throw vocab.error(token, "an id from 0 to " + MAX_ID);
            }
            vocabulary.put(token, id);
            highest = Math.max(highest, id);
        }
        @Nullable String[] byId = new @Nullable String[highest + 1];
        for (Map.Entry<String, Integer> entry : vocabulary.entrySet()) {
            String other = byId[entry.getValue()];
            if (other != null) {
                throw vocab.error(entry.getKey(), "an id of its own, not that of \"" + other + "\"");
            }
            byId[entry.getValue()] = entry.getKey();
        }
        return byId;
    }

    private void fillLetters() {
        Arrays.fill(lowLetters, -1);
        vocabulary.forEach((token, id) -> {
            if (!token.isEmpty() && token.length() == Character.charCount(token.codePointAt(0))) {
                int letter = token.codePointAt(0);
                if (letter < LOW) {
                    lowLetters[letter] = id;
                } else {
                    highLetters.put(letter, id);
                }
            }
        });
    }

    private PairTable merges(JsonArray array) {
        var table = new PairTable(array.size());
        for (int rank = 0; rank < array.size(); rank++) {
            String left;
            String right;
            if (array.get(rank) instanceof String line) {
                // Some files carry along the first line of merges.txt.
                if (line.startsWith("#version")) {
                    continue;
                }
                int space = line.indexOf(' ');
                if (space < 0 || line.indexOf(' ', space + 1) >= 0) {
                    throw array.error(rank, "two tokens with one space between");
                }
                left = line.substring(0, space);
                right = line.substring(space + 1);
            } else {
                JsonArray pair = array.array(rank);
                if (pair.size() != 2) {
                    throw array.error(rank, "two tokens");
                }
                left = pair.string(0);
                right = pair.string(1);
            }
            markInside |= hasMarkInside(left.concat(right));
            table.put(
                    known(left, array, rank), known(right, array, rank), rank, known(left.concat(right), array, rank));
        }
        return table;
    }

    private int known(String token, JsonArray array, int rank) {
        Integer id = vocabulary.get(token);
        if (id == null) {
            throw array.error(rank, "tokens of the vocabulary, which has no \"" + token + "\"");
        }
        return id;
    }

    private int[] fallback(JsonObject model) {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++) {
            Integer id = vocabulary.get(byteToken(b));
            if (id == null) {
                throw model.error("byte_fallback", "a vocabulary with " + byteToken(b));
            }
            ids[b] = id;
        }
        return ids;
    }

    private static String byteToken(int b) {
        return "<0x%02X>".formatted(b);
    }

    /** The id of a token, or null if there is none. */
    @Nullable Integer id(String token) {
        return vocabulary.get(token);
    }

    /** The token of an id, or null if there is none. */
    @Nullable String token(int id) {
        return id >= 0 && id < tokens.length ? tokens[id] : null;
    }

    /** One more than the highest id. */
    int size() {
        return tokens.length;
    }

    /** Appends the ids of a word. */
    void encode(String word, IntList out) {
        if (ignoreMerges) {
            Integer whole = vocabulary.get(word);
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

    /** The ids that a word's merges begin with. */
    int[] letters(String word) {
        var ids = new IntList();
        boolean afterUnknown = false;
        int letter;
        for (int i = 0; i < word.length(); i += Character.charCount(letter)) {
            letter = word.codePointAt(i);
            int id = letter < LOW ? lowLetters[letter] : highLetters.getOrDefault(letter, -1);
            boolean isUnknown = id < 0 && fallback == null;
            if (id >= 0) {
                ids.add(id);
            } else if (fallback != null) {
                for (byte b : Character.toString(letter).getBytes(StandardCharsets.UTF_8)) {
                    ids.add(fallback[b & 0xFF]);
                }
            } else if (unknown < 0) {
                throw new InputException(source + ": the vocabulary has no token for \"" + Character.toString(letter)
                        + "\"; expected one for each letter of the text, or an unk_token");
            } else if (!fuseUnknown || !afterUnknown) {
                ids.add(unknown);
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
            ids[at] = merges.result(rank);
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
