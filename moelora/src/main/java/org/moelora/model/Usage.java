package org.moelora.model;

/**
 * How many tokens a completion read and wrote.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens those of them that did not have to be read, as a {@link GenerationEngine} had read them for a request before
 * @param completionTokens tokens that were chosen, without the one that ends a text
 */
public record Usage(int promptTokens, int cachedTokens, int completionTokens) {
    /** Prompt and completion together. */
    public int totalTokens() {
        return promptTokens + completionTokens;
    }
}
