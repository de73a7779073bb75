package org.moelora.adapter;

import org.moelora.engine.InputException;

/**
 * The two losses of MoELoRA beside the language model's: {@code L = L_lm + balanceWeight mean L_bal + contrastWeight mean L_con}, means over modules.
 *
 * @param balanceWeight alpha_b; 0 leaves the loss out
 * @param contrastWeight beta, after its warm-up; 0 leaves the loss out
 * @param contrastTemperature tau
 * @param maxPairs most (token, expert) pairs that are compared per module; more are sampled
 */
public record LossSettings(double balanceWeight, double contrastWeight, double contrastTemperature, int maxPairs) {
    /** Both weights 0.01, temperature 0.1, 512 pairs: this project's reading of the paper. */
    public static final LossSettings DEFAULT = new LossSettings(0.01, 0.01, 0.1, 512);

    /** For LoRA, which has nothing to balance or to contrast. */
    public static final LossSettings NONE = new LossSettings(0, 0, 0.1, 512);

    /**
     * @throws InputException if a value is out of range
     */
    public LossSettings {
        if (!(balanceWeight >= 0 && balanceWeight < Double.POSITIVE_INFINITY)) {
            throw new InputException("balance-weight is " + balanceWeight + "; expected 0 or more");
        }
        if (!(contrastWeight >= 0 && contrastWeight < Double.POSITIVE_INFINITY)) {
            throw new InputException("contrast-weight is " + contrastWeight + "; expected 0 or more");
        }
        if (!(contrastTemperature > 0 && contrastTemperature < Double.POSITIVE_INFINITY)) {
            throw new InputException("contrast-temperature is " + contrastTemperature + "; expected a number above 0");
        }
        if (maxPairs < 2) {
            throw new InputException("max-pairs is " + maxPairs + "; expected at least 2");
        }
    }
}
