package org.moelora.testmodels;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Learns a byte-level byte-pair encoding: starts from the 256 bytes and joins the most frequent neighbours again and again.
 * Of equally frequent pairs the one that sorts first is joined, so that the same text gives the same vocabulary.
 *
 * <p>Text is cut as GPT-2 cuts it (a word takes the space before it, digits and letters never mix), so that with enough
 * merges each small number and each common word is one token.
 */
final class BpeTrainer {
    /** GPT-2's cut. */
    private static final Pattern PIECE =
            Pattern.compile("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

    /** A merge: two tokens, written in the byte alphabet. */
    record Merge(String left, String right) {}

    /** What was learnt: the tokens in order of their ids (without special ones), and the merges in order of rank. */
    record Vocabulary(List<String> tokens, List<Merge> merges) {}

    private final Map<String, Integer> pieces = new LinkedHashMap<>();

    /** Counts the pieces of a document. */
    void add(String document) {
        var matcher = PIECE.matcher(document);
        while (matcher.find()) {
            pieces.merge(matcher.group(), 1, Integer::sum);
        }
    }

    /** Learns until there are {@code size} tokens, or no pair occurs twice. */
    Vocabulary train(int size) {
        var tokens = new ArrayList<String>();
        for (int b = 0; b < 256; b++) {
            tokens.add(Character.toString(letter(b)));
        }
        tokens.sort(Comparator.naturalOrder());
        var words = new ArrayList<List<String>>();
        var counts = new ArrayList<Integer>();
        pieces.forEach((piece, count) -> {
            var word = new ArrayList<String>();
            for (byte b : piece.getBytes(StandardCharsets.UTF_8)) {
                word.add(Character.toString(letter(b & 0xff)));
            }
            words.add(word);
            counts.add(count);
        });
        var merges = new ArrayList<Merge>();
        while (tokens.size() < size) {
            Merge best = mostFrequent(words, counts);
            if (best == null) {
                break;
            }
            merges.add(best);
            tokens.add(best.left + best.right);
            words.replaceAll(word -> merged(word, best));
        }
        return new Vocabulary(tokens, merges);
    }

    private static @Nullable Merge mostFrequent(List<List<String>> words, List<Integer> counts) {
        var pairs = new HashMap<Merge, Long>();
        for (int w = 0; w < words.size(); w++) {
            List<String> word = words.get(w);
            for (int i = 0; i + 1 < word.size(); i++) {
                pairs.merge(new Merge(word.get(i), word.get(i + 1)), (long) counts.get(w), Long::sum);
            }
        }
        return pairs.entrySet().stream()
                .filter(entry -> entry.getValue() > 1)
                .min(Map.Entry.<Merge, Long>comparingByValue()
                        .reversed()
                        .thenComparing(entry -> entry.getKey().left)
                        .thenComparing(entry -> entry.getKey().right))
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    private static List<String> merged(List<String> word, Merge merge) {
        var out = new ArrayList<String>(word.size());
        for (int i = 0; i < word.size(); i++) {
            if (i + 1 < word.size()
                    && word.get(i).equals(merge.left)
                    && word.get(i + 1).equals(merge.right)) {
                out.add(merge.left + merge.right);
                i++;
            } else {
                out.add(word.get(i));
            }
        }
        return out;
    }

    /** The letter that stands for a byte in GPT-2's alphabet: itself where it is visible, else one from 256 on. */
    static char letter(int b) {
        if (visible(b)) {
            return (char) b;
        }
        int hidden = 0;
        for (int i = 0; i < b; i++) {
            if (!visible(i)) {
                hidden++;
            }
        }
        return (char) (256 + hidden);
    }

    private static boolean visible(int b) {
        return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
    }
}
