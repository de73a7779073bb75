package org.moelora.model;

/**
 * How many tokens a completion read and wrote.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens those of them that did not have to be read, as a {@link GenerationEngine} had read them for a request before
 * @param completionTokens tokens that were chosen, without the one that ends a text
 * @param guessedTokens those of them that {@link GenerationEngine.Builder#promptLookup} had guessed, so that several were computed at once
 */
public record Usage(int promptTokens, int cachedTokens, int completionTokens, int guessedTokens) {
    /** Without guesses. */
    public Usage(int promptTokens, int cachedTokens, int completionTokens) {
        this(promptTokens, cachedTokens, completionTokens, 0);
    }

    /** Prompt and completion together. */
    public int totalTokens() {
        return promptTokens + completionTokens;
    }
}
