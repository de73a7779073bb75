package org.moelora.model;

/**
 * How many tokens a completion read and wrote.
 *
 * @param promptTokens tokens of the prompt
 * @param completionTokens tokens that were chosen, without the one that ends a text
 */
public record Usage(int promptTokens, int completionTokens) {
    /** Both together. */
    public int totalTokens() {
        return promptTokens + completionTokens;
    }
}
