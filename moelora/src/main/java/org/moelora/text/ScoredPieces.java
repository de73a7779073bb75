package org.moelora.text;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Objects;

/**
 * Sentencepiece's byte pair encoding, which has no list of merges: two neighbouring pieces merge if together they are a piece, and the one with the
 * highest score goes first, the leftmost of equal ones. Written as merges by rank this is: each way to cut a piece in two pieces is a merge, and
 * its rank counts the higher scores.
 */
final class ScoredPieces {
    private final Vocabulary vocabulary;
    private final boolean[] merged;
    private final float[] scores;
    private final IntList lefts = new IntList();
    private final IntList rights = new IntList();
    private final IntList ranks = new IntList();
    private final IntList results = new IntList();

    /**
     * @param merged which tokens merges may make or be made of
     * @param scores of all tokens, none of them NaN
     */
    ScoredPieces(Vocabulary vocabulary, boolean[] merged, float[] scores) {
        this.vocabulary = vocabulary;
        this.merged = merged;
        this.scores = scores;
    }

    /** All merges. */
    PairTable merges() {
        Integer[] pieces = byScore();
        int rank = 0;
        for (int i = 0; i < pieces.length; i++) {
            rank += i > 0 && scores[pieces[i]] != scores[pieces[i - 1]] ? 1 : 0;
            cut(pieces[i], rank);
        }
        var table = new PairTable(lefts.size());
        for (int i = 0; i < lefts.size(); i++) {
            table.put(lefts.get(i), rights.get(i), ranks.get(i), results.get(i));
        }
        return table;
    }

    private Integer[] byScore() {
        Integer[] pieces = new Integer[vocabulary.size()];
        int count = 0;
        for (int id = 0; id < pieces.length; id++) {
            if (merged[id]) {
                pieces[count++] = id;
            }
        }
        Integer[] sorted = Arrays.copyOf(pieces, count);
        Arrays.sort(sorted, Comparator.comparingDouble(id -> -scores[id]));
        return sorted;
    }

    private void cut(int piece, int rank) {
        String text = Objects.requireNonNull(vocabulary.token(piece));
        for (int i = 1; i < text.length(); i++) {
            if (!Character.isSurrogatePair(text.charAt(i - 1), text.charAt(i))) {
                int left = mergedId(text.substring(0, i));
                int right = left < 0 ? -1 : mergedId(text.substring(i));
                if (right >= 0) {
                    lefts.add(left);
                    rights.add(right);
                    ranks.add(rank);
                    results.add(piece);
                }
            }
        }
    }

    private int mergedId(String text) {
        Integer id = vocabulary.id(text);
        return id != null && merged[id] ? id : -1;
    }
}
