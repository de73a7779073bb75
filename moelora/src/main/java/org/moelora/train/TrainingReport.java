package org.moelora.train;

import org.jspecify.annotations.Nullable;

/**
 * What a training did.
 *
 * @param steps optimizer steps
 * @param tokens read in training
 * @param seconds from the first step to the last, evaluations included
 * @param loss of the last step
 * @param bestEvalLoss lowest loss on held-out rows; null without any
 * @param peakBytes most device memory in use at a time
 */
public record TrainingReport(
        long steps,
        long tokens,
        double seconds,
        double loss,
        @Nullable Double bestEvalLoss,
        long peakBytes) {}
