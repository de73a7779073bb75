package org.moelora.model;

import java.util.Map;
import org.moelora.engine.InputException;

/**
 * How tokens are chosen.
 *
 * @param maxTokens most tokens to generate, at least 1
 * @param temperature logits are divided by it; 0 takes the most probable token
 * @param topK choose among this many most probable tokens; 0 means all
 * @param topP choose among the fewest tokens whose probabilities add up to this (Holtzman et al. 2019, arXiv 1904.09751), in (0, 1]
 * @param seed same seed, same text
 * @param stopAtLineEnd whether a line end finishes the text, besides the end-of-text tokens
 */
public record GenerationOptions(
        int maxTokens, double temperature, int topK, double topP, long seed, boolean stopAtLineEnd) {
    /** The most probable token each time, up to 256 of them. */
    public static final GenerationOptions GREEDY = new GenerationOptions(256, 0, 0, 1, 0, false);

    /**
     * @throws InputException if a value is out of range
     */
    public GenerationOptions {
        if (maxTokens < 1) {
            throw new InputException("max-tokens is " + maxTokens + "; expected at least 1");
        }
        new Sampling(temperature, topK, topP, 0, 1, 0, 0, Map.of(), seed); // checks its values
    }

    Sampling sampling() {
        return new Sampling(temperature, topK, topP, 0, 1, 0, 0, Map.of(), seed);
    }

    public GenerationOptions withMaxTokens(int most) {
        return new GenerationOptions(most, temperature, topK, topP, seed, stopAtLineEnd);
    }

    public GenerationOptions withStopAtLineEnd(boolean stop) {
        return new GenerationOptions(maxTokens, temperature, topK, topP, seed, stop);
    }
}
