package org.moelora.train;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.LossSettings;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.engine.optim.Schedule;

/**
 * How to fine-tune.
 *
 * @param losses the losses beside the language model's
 * @param contrastStart steps S at the beginning without the contrastive loss: its gradient goes like 1 / |B A x|, and B is still near zero
 * @param contrastWarmUp steps over which its weight then grows linearly: {@code beta min(1, (t - S) / N)} at step t from 1
 * @param router how the routers of a mixture learn
 * @param epochs passes over the data, if {@code steps} is null
 * @param steps optimizer steps, or null
 * @param batchSize rows per micro-batch
 * @param gradAccumulation micro-batches per optimizer step, which may be the last of one epoch and the first of the next
 * @param learningRate peak learning rate
 * @param schedule its course
 * @param warmUp steps over which the learning rate grows linearly
 * @param weightDecay AdamW's
 * @param clip largest global gradient norm; 0 for no clipping
 * @param evalEvery steps between evaluations; 0 for one at the end of each epoch
 * @param recompute whether a step keeps only what goes into each layer and runs the layers again to go back through them: the same bits, in
 *     far less memory and about half as much time again
 * @param shuffle whether each epoch has an order of its own
 * @param seed decides order, dropout and sampled pairs
 */
public record TrainingConfig(
        LossSettings losses,
        WarmUp contrastStart,
        WarmUp contrastWarmUp,
        RouterTraining router,
        double epochs,
        @Nullable Long steps,
        int batchSize,
        int gradAccumulation,
        double learningRate,
        Schedule.Decay schedule,
        WarmUp warmUp,
        double weightDecay,
        double clip,
        long evalEvery,
        boolean recompute,
        boolean shuffle,
        long seed) {
    /**
     * @throws InputException if a value is out of range
     */
    public TrainingConfig {
        check(steps != null || (epochs > 0 && epochs <= 1e6), "epochs", epochs, "more than 0 and at most 1000000");
        check(steps == null || steps > 0, "steps", steps == null ? 0 : steps, "at least 1");
        check(batchSize >= 1, "batch-size", batchSize, "at least 1");
        check(gradAccumulation >= 1, "grad-accumulation", gradAccumulation, "at least 1");
        check(
                learningRate > 0 && learningRate < Double.POSITIVE_INFINITY,
                "learning-rate",
                learningRate,
                "a finite number above 0");
        check(weightDecay >= 0 && weightDecay < 1e6, "weight-decay", weightDecay, "0 or more, below 1000000");
        check(clip >= 0 && clip < 1e30, "clip", clip, "0 (none) or more, below 1e30");
        check(evalEvery >= 0, "eval-every", evalEvery, "0 (after each epoch) or more");
    }

    private static void check(boolean holds, String name, Object value, String expected) {
        if (!holds) {
            throw new InputException(name + " is " + value + "; expected " + expected);
        }
    }

    /**
     * All optimizer steps on that many rows: {@code max(1, ceil(epochs ceil(rows / batchSize) / gradAccumulation))}, so that the last step may go on
     * into another epoch.
     */
    public long totalSteps(int rows) {
        if (steps != null) {
            return steps;
        }
        long batches = (rows + batchSize - 1L) / batchSize;
        return Math.max(1, (long) Math.ceil(epochs * batches / gradAccumulation));
    }

    /** The same with another number of epochs. */
    TrainingConfig withEpochs(double other) {
        return toBuilder().steps(null).epochs(other).build();
    }

    /** The same with other losses. */
    public TrainingConfig withLosses(LossSettings other) {
        return toBuilder().losses(other).build();
    }

    /** A builder that has these settings already. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.losses = losses;
        builder.contrastStart = contrastStart;
        builder.contrastWarmUp = contrastWarmUp;
        builder.router = router;
        builder.epochs = steps == null ? epochs : null;
        builder.steps = steps;
        builder.batchSize = batchSize;
        builder.gradAccumulation = gradAccumulation;
        builder.learningRate = learningRate;
        builder.schedule = schedule;
        builder.warmUp = warmUp;
        builder.weightDecay = weightDecay;
        builder.clip = clip;
        builder.evalEvery = evalEvery;
        builder.recompute = recompute;
        builder.shuffle = shuffle;
        builder.seed = seed;
        return builder;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** The command line's defaults, unless set. */
    public static final class Builder {
        private LossSettings losses = LossSettings.DEFAULT;
        private WarmUp contrastStart = WarmUp.NONE;
        private WarmUp contrastWarmUp = WarmUp.ofShare(0.1);
        private RouterTraining router = RouterTraining.DEFAULT;
        private @Nullable Double epochs;
        private @Nullable Long steps;
        private int batchSize = 8;
        private int gradAccumulation = 1;
        private double learningRate = 3e-4;
        private Schedule.Decay schedule = Schedule.Decay.COSINE;
        private WarmUp warmUp = WarmUp.ofShare(0.03);
        private double weightDecay;
        private double clip = 1;
        private long evalEvery;
        private boolean recompute;
        private boolean shuffle = true;
        private long seed;

        private Builder() {}

        public Builder losses(LossSettings value) {
            losses = value;
            return this;
        }

        public Builder contrastStart(WarmUp value) {
            contrastStart = value;
            return this;
        }

        /** How the routers of a mixture learn. */
        public Builder router(RouterTraining value) {
            router = value;
            return this;
        }

        public Builder contrastWarmUp(WarmUp value) {
            contrastWarmUp = value;
            return this;
        }

        /** Passes over the data; not together with {@link #steps}. */
        public Builder epochs(double value) {
            epochs = value;
            return this;
        }

        /** Optimizer steps instead of epochs; null for none. */
        public Builder steps(@Nullable Long value) {
            steps = value;
            return this;
        }

        /** That many optimizer steps, whatever was said of epochs. */
        public Builder onlySteps(long value) {
            epochs = null;
            return steps(value);
        }

        public Builder batchSize(int value) {
            batchSize = value;
            return this;
        }

        public Builder gradAccumulation(int value) {
            gradAccumulation = value;
            return this;
        }

        public Builder learningRate(double value) {
            learningRate = value;
            return this;
        }

        public Builder schedule(Schedule.Decay value) {
            schedule = value;
            return this;
        }

        /**
         * By its name.
         *
         * @throws InputException if it is not {@code constant}, {@code linear} or {@code cosine}
         */
        public Builder schedule(String name) {
            return schedule(
                    switch (name) {
                        case "constant" -> Schedule.Decay.CONSTANT;
                        case "linear" -> Schedule.Decay.LINEAR;
                        case "cosine" -> Schedule.Decay.COSINE;
                        default ->
                            throw new InputException("schedule is \"" + name + "\"; expected cosine, linear or constant"
                                    + Spelling.suggestion(name, List.of("cosine", "linear", "constant")));
                    });
        }

        public Builder warmUp(WarmUp value) {
            warmUp = value;
            return this;
        }

        public Builder weightDecay(double value) {
            weightDecay = value;
            return this;
        }

        public Builder clip(double value) {
            clip = value;
            return this;
        }

        public Builder evalEvery(long value) {
            evalEvery = value;
            return this;
        }

        public Builder recompute(boolean value) {
            recompute = value;
            return this;
        }

        public Builder shuffle(boolean value) {
            shuffle = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * @throws InputException if a value is out of range
         * @throws IllegalStateException if epochs and steps are both set, as only one of them can count
         */
        public TrainingConfig build() {
            if (epochs != null && steps != null) {
                throw new IllegalStateException(
                        "epochs(" + epochs + ") and steps(" + steps + ") are both set; expected one of them");
            }
            return new TrainingConfig(
                    losses,
                    contrastStart,
                    contrastWarmUp,
                    router,
                    epochs == null ? 3 : epochs,
                    steps,
                    batchSize,
                    gradAccumulation,
                    learningRate,
                    schedule,
                    warmUp,
                    weightDecay,
                    clip,
                    evalEvery,
                    recompute,
                    shuffle,
                    seed);
        }
    }
}
