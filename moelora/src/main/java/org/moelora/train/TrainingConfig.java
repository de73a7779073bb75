package org.moelora.train;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.LossSettings;
import org.moelora.engine.InputException;
import org.moelora.engine.optim.Schedule;
import org.moelora.settings.Kind;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.settings.SettingTable;
import org.moelora.settings.Settings;
import org.moelora.settings.Values;

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
 * @param bLearningRateRatio learning rate of the B of each pair, as a multiple of the others': LoRA+ (Hayou et al. 2024, arXiv 2402.12354, section 4),
 *     where a wide model learns best with 16 and a {@code learningRate} that is smaller than LoRA's
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
        double bLearningRateRatio,
        Schedule.Decay schedule,
        WarmUp warmUp,
        double weightDecay,
        double clip,
        long evalEvery,
        boolean recompute,
        boolean shuffle,
        long seed) {
    private static final SettingTable<TrainingConfig> TABLE = new SettingTable<>();

    static {
        TABLE.addAll(LossSettings.SETTINGS, TrainingConfig::losses);
    }

    public static final Setting<TrainingConfig, WarmUp> CONTRAST_START = TABLE.add(Setting.of(
                    "contrast-start",
                    WarmUp.KIND,
                    TrainingConfig::contrastStart,
                    WarmUp.NONE,
                    "Steps at the beginning without the contrastive loss, whose gradient is large while experts are near zero:"
                            + " {} (off); 5% with prompt-moelora.",
                    Part.MIXTURE)
            .sinceAChoice());

    public static final Setting<TrainingConfig, WarmUp> CONTRAST_WARM_UP = TABLE.add(Setting.of(
            "contrast-warmup",
            WarmUp.KIND,
            TrainingConfig::contrastWarmUp,
            WarmUp.ofShare(0.1),
            "Warm-up of the contrastive loss's weight, in steps or per cent of them: {}; 0 is off.",
            Part.MIXTURE));

    static {
        TABLE.addAll(RouterTraining.SETTINGS, TrainingConfig::router);
    }

    public static final Setting<TrainingConfig, Double> EPOCHS = TABLE.add(Setting.of(
                    "epochs",
                    Kind.number("more than 0 and at most 1000000", x -> x > 0 && x <= 1e6)
                            .labelled("N"),
                    TrainingConfig::epochsWithoutSteps,
                    3.0,
                    "Passes over the data: {}. Not with --steps.")
            .sinceAChoice());

    public static final Setting<TrainingConfig, Long> STEPS = TABLE.add(Setting.of(
                    "steps",
                    Kind.longWhole("at least 1", n -> n >= 1),
                    TrainingConfig::steps,
                    null,
                    "Optimizer steps. Not with --epochs.")
            .sinceAChoice());

    public static final Setting<TrainingConfig, Integer> BATCH_SIZE = TABLE.add(Setting.of(
            "batch-size", Kind.whole(1, Integer.MAX_VALUE), TrainingConfig::batchSize, 8, "Rows per batch: {}."));

    public static final Setting<TrainingConfig, Integer> GRAD_ACCUMULATION = TABLE.add(Setting.of(
            "grad-accumulation",
            Kind.whole(1, Integer.MAX_VALUE),
            TrainingConfig::gradAccumulation,
            1,
            "Batches per optimizer step: {}."));

    public static final Setting<TrainingConfig, Double> LEARNING_RATE = TABLE.add(
            Setting.of("learning-rate", Kind.above(0), TrainingConfig::learningRate, 3e-4, "Peak learning rate: {}."));

    public static final Setting<TrainingConfig, Double> B_LEARNING_RATE_RATIO = TABLE.add(Setting.of(
                    "b-learning-rate-ratio",
                    Kind.number("a multiple of more than 0 and at most 1000000", x -> x > 0 && x <= 1e6),
                    TrainingConfig::bLearningRateRatio,
                    1.0,
                    "Learning rate of B as a multiple of --learning-rate, as in LoRA+: {}.")
            .sinceAChoice());

    public static final Setting<TrainingConfig, Schedule.Decay> SCHEDULE = TABLE.add(Setting.of(
            "schedule",
            Kind.oneOf(
                    decay -> decay.name().toLowerCase(Locale.ROOT),
                    Schedule.Decay.COSINE,
                    Schedule.Decay.LINEAR,
                    Schedule.Decay.CONSTANT),
            TrainingConfig::schedule,
            Schedule.Decay.COSINE,
            "{} (default), linear or constant, after the warm-up."));

    public static final Setting<TrainingConfig, WarmUp> WARM_UP = TABLE.add(Setting.of(
            "warmup",
            WarmUp.KIND,
            TrainingConfig::warmUp,
            WarmUp.ofShare(0.03),
            "Warm-up of the learning rate, in steps or per cent of them: {}; 0 is off."));

    public static final Setting<TrainingConfig, Double> WEIGHT_DECAY = TABLE.add(Setting.of(
            "weight-decay",
            Kind.number("0 or more, below 1000000", x -> x >= 0 && x < 1e6),
            TrainingConfig::weightDecay,
            0.0,
            "AdamW's weight decay: {}."));

    public static final Setting<TrainingConfig, Double> CLIP = TABLE.add(Setting.of(
            "clip",
            Kind.number("0 (none) or more, below 1e30", x -> x >= 0 && x < 1e30),
            TrainingConfig::clip,
            1.0,
            "Largest norm of the gradient: {}; 0 is off."));

    public static final Setting<TrainingConfig, Long> EVAL_EVERY = TABLE.add(Setting.of(
                    "eval-every",
                    Kind.longWhole("0 (after each epoch) or more", n -> n >= 0),
                    TrainingConfig::evalEvery,
                    0L,
                    "Steps between evaluations; by default one at the end of each epoch.",
                    Part.EVALUATION)
            .whereUnusual());

    public static final Setting<TrainingConfig, Boolean> RECOMPUTE = TABLE.add(Setting.of(
            "recompute",
            Kind.onOff(),
            TrainingConfig::recompute,
            false,
            "Run layers again in the backward pass instead of keeping them: the same adapter, less memory, more time.",
            Part.SURROUNDINGS,
            Part.MACHINE));

    public static final Setting<TrainingConfig, Boolean> SHUFFLE = TABLE.add(Setting.of(
            "shuffle",
            Kind.onOff(),
            TrainingConfig::shuffle,
            true,
            "Rows in the order of the files, in each epoch.",
            Part.DATA));

    public static final Setting<TrainingConfig, Long> SEED = TABLE.add(Setting.of(
            "seed",
            Kind.longWhole("any whole number", n -> true),
            TrainingConfig::seed,
            0L,
            "Same seed, same adapter: {}."));

    /** All of them, and those of the losses and the routers, in the order of the components. */
    public static final Settings<TrainingConfig> SETTINGS = TABLE.madeBy(said -> new TrainingConfig(
            LossSettings.SETTINGS.make(said),
            said.get(CONTRAST_START),
            said.get(CONTRAST_WARM_UP),
            RouterTraining.SETTINGS.make(said),
            said.get(EPOCHS),
            said.said(STEPS),
            said.get(BATCH_SIZE),
            said.get(GRAD_ACCUMULATION),
            said.get(LEARNING_RATE),
            said.get(B_LEARNING_RATE_RATIO),
            said.get(SCHEDULE),
            said.get(WARM_UP),
            said.get(WEIGHT_DECAY),
            said.get(CLIP),
            said.get(EVAL_EVERY),
            said.get(RECOMPUTE),
            said.get(SHUFFLE),
            said.get(SEED)));

    /**
     * @throws InputException if a value is out of range
     */
    public TrainingConfig {
        if (steps == null) {
            EPOCHS.check(epochs);
        } else {
            STEPS.check(steps);
        }
        BATCH_SIZE.check(batchSize);
        GRAD_ACCUMULATION.check(gradAccumulation);
        LEARNING_RATE.check(learningRate);
        B_LEARNING_RATE_RATIO.check(bLearningRateRatio);
        WEIGHT_DECAY.check(weightDecay);
        CLIP.check(clip);
        EVAL_EVERY.check(evalEvery);
    }

    private @Nullable Double epochsWithoutSteps() {
        return steps == null ? epochs : null;
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
        builder.said.putAll(SETTINGS.mapOf(this));
        return builder;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** The command line's defaults, unless set. */
    public static final class Builder {
        private final Map<String, @Nullable Object> said = new HashMap<>();

        private Builder() {}

        private <T> Builder set(Setting<TrainingConfig, T> setting, @Nullable T value) {
            said.put(setting.name(), value);
            return this;
        }

        public Builder losses(LossSettings value) {
            said.putAll(LossSettings.SETTINGS.mapOf(value));
            return this;
        }

        public Builder contrastStart(WarmUp value) {
            return set(CONTRAST_START, value);
        }

        /** How the routers of a mixture learn. */
        public Builder router(RouterTraining value) {
            said.putAll(RouterTraining.SETTINGS.mapOf(value));
            return this;
        }

        public Builder contrastWarmUp(WarmUp value) {
            return set(CONTRAST_WARM_UP, value);
        }

        /** Passes over the data; not together with {@link #steps}. */
        public Builder epochs(double value) {
            return set(EPOCHS, value);
        }

        /** Optimizer steps instead of epochs; null for none. */
        public Builder steps(@Nullable Long value) {
            return set(STEPS, value);
        }

        /** That many optimizer steps; epochs that were set no longer count. */
        public Builder onlySteps(long value) {
            said.remove(EPOCHS.name());
            return steps(value);
        }

        public Builder batchSize(int value) {
            return set(BATCH_SIZE, value);
        }

        public Builder gradAccumulation(int value) {
            return set(GRAD_ACCUMULATION, value);
        }

        public Builder learningRate(double value) {
            return set(LEARNING_RATE, value);
        }

        /** Learning rate of B as a multiple of the others', as in LoRA+. */
        public Builder bLearningRateRatio(double value) {
            return set(B_LEARNING_RATE_RATIO, value);
        }

        public Builder schedule(Schedule.Decay value) {
            return set(SCHEDULE, value);
        }

        public Builder warmUp(WarmUp value) {
            return set(WARM_UP, value);
        }

        public Builder weightDecay(double value) {
            return set(WEIGHT_DECAY, value);
        }

        public Builder clip(double value) {
            return set(CLIP, value);
        }

        public Builder evalEvery(long value) {
            return set(EVAL_EVERY, value);
        }

        public Builder recompute(boolean value) {
            return set(RECOMPUTE, value);
        }

        public Builder shuffle(boolean value) {
            return set(SHUFFLE, value);
        }

        public Builder seed(long value) {
            return set(SEED, value);
        }

        /**
         * @throws InputException if a value is out of range
         * @throws IllegalStateException if epochs and steps are both set, as only one of them can count
         */
        public TrainingConfig build() {
            Object epochs = said.get(EPOCHS.name());
            Object steps = said.get(STEPS.name());
            if (epochs != null && steps != null) {
                throw new IllegalStateException(
                        "epochs(" + epochs + ") and steps(" + steps + ") are both set; expected one of them");
            }
            return SETTINGS.make(Values.of(said));
        }
    }
}
