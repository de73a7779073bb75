package org.moelora.model;

import java.util.Map;
import org.moelora.engine.InputException;

/**
 * How a token is chosen from logits l [vocabulary], in this order:
 *
 * <ol>
 *   <li>{@code l_i += logitBias_i};
 *   <li>for tokens of the prompt and of the text so far, {@code l_i /= repetitionPenalty} if positive, else {@code l_i *= repetitionPenalty}
 *       (Keskar et al. 2019, arXiv 1909.05858, 4.1);
 *   <li>for tokens of the text so far, {@code l_i -= frequencyPenalty count_i + presencePenalty};
 *   <li>at temperature 0 the largest; else {@code p = softmax(l / temperature)}, of which the topK largest stay, then the fewest whose sum
 *       reaches topP (Holtzman et al. 2019, arXiv 1904.09751), then those of at least {@code minP} times the largest (Nguyen et al. 2024, arXiv
 *       2407.01082), and one is drawn. Of equal logits the lower token counts as larger.
 * </ol>
 *
 * @param temperature 0 (always the most probable) or more
 * @param topK 0 (all) or more
 * @param topP above 0, at most 1 (all)
 * @param minP 0 (all) to 1
 * @param repetitionPenalty above 0; 1 is none
 * @param frequencyPenalty -2 to 2; 0 is none
 * @param presencePenalty -2 to 2; 0 is none
 * @param logitBias added to logits, by token
 * @param seed same seed, same text
 */
public record Sampling(
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty,
        double frequencyPenalty,
        double presencePenalty,
        Map<Integer, Double> logitBias,
        long seed) {
    /** The most probable token each time. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0, 1, 0, 0, Map.of(), 0);

    /**
     * @throws InputException if a value is out of range
     */
    public Sampling {
        check(
                "temperature",
                temperature,
                temperature >= 0 && temperature < Double.POSITIVE_INFINITY,
                "a finite number, 0 or more");
        check("top-k", topK, topK >= 0, "0 (all) or more");
        check("top-p", topP, topP > 0 && topP <= 1, "above 0 and at most 1");
        check("min-p", minP, minP >= 0 && minP <= 1, "0 to 1");
        check(
                "repetition-penalty",
                repetitionPenalty,
                repetitionPenalty > 0 && repetitionPenalty <= 100,
                "above 0 and at most 100");
        check("frequency-penalty", frequencyPenalty, Math.abs(frequencyPenalty) <= 2, "-2 to 2");
        check("presence-penalty", presencePenalty, Math.abs(presencePenalty) <= 2, "-2 to 2");
        logitBias = Map.copyOf(logitBias);
        logitBias.forEach((id, bias) ->
                check("logit-bias of token " + id, bias, id >= 0 && Math.abs(bias) <= 100, "-100 to 100, of a token"));
    }

    private static void check(String name, Number value, boolean good, String expected) {
        if (!good) {
            throw new InputException(name + " is " + value + "; expected " + expected);
        }
    }

    /** Whether logits are used as the model gave them. */
    boolean keepsLogits() {
        return repetitionPenalty == 1 && frequencyPenalty == 0 && presencePenalty == 0 && logitBias.isEmpty();
    }
}
