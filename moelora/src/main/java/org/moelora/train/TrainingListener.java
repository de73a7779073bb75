package org.moelora.train;

import java.util.SortedMap;

/** Sees a training's numbers as they come, on the training's thread. */
public interface TrainingListener {
    /** Sees nothing. */
    TrainingListener SILENT = new TrainingListener() {};

    /**
     * One optimizer step.
     *
     * @param step from 1
     * @param steps all steps of the run
     * @param loss what was minimised: {@code lm + balanceWeight balance + beta_t contrast + taskWeight task}
     * @param lm mean cross-entropy over the step's labels
     * @param balance mean L_bal over modules and micro-batches, unweighted
     * @param contrast mean L_con over modules and micro-batches, unweighted
     * @param task mean L_task over routers, unweighted; 0 without it
     * @param gradNorm global norm of the gradient before clipping
     * @param learningRate of this step
     * @param rows read since the training began, each as often as it was read
     * @param tokens of this step
     * @param tokensPerSecond of this step
     * @param seconds since the training began
     */
    record Step(
            long step,
            long steps,
            double loss,
            double lm,
            double balance,
            double contrast,
            double task,
            double gradNorm,
            double learningRate,
            long rows,
            int tokens,
            double tokensPerSecond,
            double seconds) {}

    /**
     * One evaluation on held-out rows.
     *
     * @param step after which it was made
     * @param loss mean cross-entropy over all labels
     * @param taskLosses the same per task; empty if rows name no task
     * @param best whether it is the lowest loss so far
     */
    record Evaluation(long step, double loss, SortedMap<String, Double> taskLosses, boolean best) {}

    /** After each optimizer step. */
    default void step(Step step) {}

    /** After each evaluation. */
    default void evaluation(Evaluation evaluation) {}

    /** Both listeners, one after the other. */
    default TrainingListener and(TrainingListener other) {
        TrainingListener first = this;
        return new TrainingListener() {
            @Override
            public void step(Step step) {
                first.step(step);
                other.step(step);
            }

            @Override
            public void evaluation(Evaluation evaluation) {
                first.evaluation(evaluation);
                other.evaluation(evaluation);
            }
        };
    }
}
