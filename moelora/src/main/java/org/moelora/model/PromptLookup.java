package org.moelora.model;

import java.util.Arrays;

/**
 * Guesses how a text goes on from where its last tokens stood before, in the prompt or in the text itself (prompt lookup: Saxena 2023, after Leviathan et al. 2023, arXiv 2211.17192). A guess that is
 * wrong costs a row of a pass and changes nothing; when too many are, no more are made. Used by one thread, for one text.
 */
final class PromptLookup {
    /** Tokens that have to be the same, at most and at least. */
    private static final int LONGEST = 4;

    private static final int SHORTEST = 2;

    /** After so many guessed tokens it is seen whether they are worth it. */
    private static final int TRIAL = 32;

    /** Less than one right token in so many is not. */
    private static final int WORTH = 4;

    private int[] tokens;
    private int length;
    private int guessed;
    private int right;

    /**
     * @param prompt what the text follows
     */
    PromptLookup(int[] prompt) {
        tokens = Arrays.copyOf(prompt, prompt.length + 64);
        length = prompt.length;
    }

    /** The text has another token. */
    void add(int id) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * length);
        }
        tokens[length++] = id;
    }

    /**
     * The tokens that may come next.
     *
     * @return at most so many; none if there is no guess, or guesses have not been worth it
     */
    int[] guess(int most) {
        if (most <= 0 || hasGivenUp()) {
            return new int[0];
        }
        for (int n = Math.min(LONGEST, length - 1); n >= SHORTEST; n--) {
            for (int from = length - n - 1; from >= 0; from--) {
                if (Arrays.equals(tokens, from, from + n, tokens, length - n, length)) {
                    return Arrays.copyOfRange(tokens, from + n, Math.min(length, from + n + most));
                }
            }
        }
        return new int[0];
    }

    /** How a guess turned out. */
    void was(int tokens, int ofThemRight) {
        guessed += tokens;
        right += ofThemRight;
    }

    private boolean hasGivenUp() {
        return guessed >= TRIAL && right * WORTH < guessed;
    }
}
