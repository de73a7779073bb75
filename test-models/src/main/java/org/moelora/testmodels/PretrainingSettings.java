package org.moelora.testmodels;

import org.moelora.model.DecoderConfig;

/**
 * How the bundled model is made.
 *
 * @param model its sizes
 * @param tokens length of the run: it ends with the step that reaches so many
 * @param batchTokens a step takes whole documents until it has at least so many tokens
 * @param rate the highest learning rate
 * @param warmup steps over which the rate rises linearly from 0; then it falls along a cosine to a twentieth
 * @param weightDecay of AdamW
 * @param clip the global gradient norm is held below this
 * @param checkpointSteps a checkpoint after every so many steps
 * @param seed of the text and of the first weights
 */
record PretrainingSettings(
        DecoderConfig model,
        long tokens,
        int batchTokens,
        double rate,
        int warmup,
        double weightDecay,
        double clip,
        int checkpointSteps,
        long seed) {
    static final double BETA1 = 0.9;
    static final double BETA2 = 0.98;
    private static final double LAST_RATE = 0.05;

    /**
     * The rate of one step.
     *
     * @param step from 1
     * @param seen tokens of the steps before it
     */
    double rate(long step, long seen) {
        double done = Math.min(1.0, seen / (double) tokens);
        double cosine = LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + Math.cos(Math.PI * done));
        return rate * cosine * Math.min(1.0, step / (double) warmup);
    }
}
