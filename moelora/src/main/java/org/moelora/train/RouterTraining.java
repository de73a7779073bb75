package org.moelora.train;

import org.moelora.adapter.RouterPhase;
import org.moelora.engine.InputException;

/**
 * How the routers of a mixture learn. Weight decay never reaches them: it would pull every choice towards equal shares.
 *
 * @param rate their learning rate, as a multiple of the others'
 * @param warmUp steps at the beginning in which every expert takes part, with {@code p = softmax(W_g x / T)}; then the gate selects as it will in the end.
 *     A gate that selects k experts gives the others no gradient, so that none can show it would have been better
 * @param temperature T at the first step, which falls linearly to 1 over the warm-up
 * @param alone whether nothing but the routers learns
 */
public record RouterTraining(double rate, WarmUp warmUp, double temperature, boolean alone) {
    /** The learning rate as it is, no warm-up, everything learns. */
    public static final RouterTraining DEFAULT = new RouterTraining(1, WarmUp.NONE, 1, false);

    /**
     * @throws InputException if a value is out of range
     */
    public RouterTraining {
        if (!(rate >= 0 && rate <= 1e6)) {
            throw new InputException("router-learning-rate is " + rate + "; expected a multiple of 0 to 1000000");
        }
        if (!(temperature >= 1 && temperature <= 1000)) {
            throw new InputException("router-temperature is " + temperature + "; expected 1 to 1000");
        }
        if (alone && rate == 0) {
            throw new InputException("router-learning-rate is 0 where the router alone learns; expected more than 0");
        }
    }

    /** The phase of step {@code now}, from 1, of so many. */
    RouterPhase at(long now, long steps) {
        long dense = warmUp.steps(steps);
        if (now > dense) {
            return RouterPhase.FINAL;
        }
        double left = 1 - (double) now / dense;
        return new RouterPhase(true, 1 + (temperature - 1) * left);
    }
}
