package org.moelora.train;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a training did.
 *
 * @param steps optimizer steps done, those of earlier parts of a resumed run included
 * @param totalSteps all steps of the run
 * @param rows read in training, each as often as it was read: as a run ends with a whole step, that may go on into another epoch
 * @param tokens read in training
 * @param seconds from the first step to the last, evaluations included
 * @param loss of the last step
 * @param bestEvalLoss lowest loss on held-out rows; null without any
 * @param peakBytes most device memory in use at a time
 * @param skipped rows that were left out
 */
public record TrainingReport(
        long steps,
        long totalSteps,
        long rows,
        long tokens,
        double seconds,
        double loss,
        @Nullable Double bestEvalLoss,
        long peakBytes,
        List<SkippedRow> skipped) {
    public TrainingReport {
        skipped = List.copyOf(skipped);
    }

    /** Whether it got to the end; if not, it was cancelled. */
    public boolean finished() {
        return steps == totalSteps;
    }
}
