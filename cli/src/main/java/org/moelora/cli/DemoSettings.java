package org.moelora.cli;

import java.util.List;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.Router;
import org.moelora.train.TrainingConfig;

/**
 * What the demo trains, and on how much: everything about it that can be tuned.
 *
 * @param adapter the mixture
 * @param training how it, and LoRA in the comparison, is trained
 * @param trainingTokens most tokens of rows to train on
 * @param testRows most held-out rows of each task: the first ones
 */
record DemoSettings(MoeLoraConfig adapter, TrainingConfig training, long trainingTokens, int testRows) {
    /** The name that {@code --method} has for it: the one that the evidence supports best. */
    static final String METHOD = "prompt-moelora";

    private static final MoeLoraConfig ADAPTER = MoeLoraConfig.builder()
            .router(new Router.Prompt())
            .targets(List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"))
            .build();

    /** All rows. */
    static DemoSettings full(long seed) {
        return new DemoSettings(ADAPTER, training(seed).epochs(3).build(), Long.MAX_VALUE, Integer.MAX_VALUE);
    }

    /** A part of them, for a look or a check that takes well under a minute. */
    static DemoSettings quick(long seed) {
        return new DemoSettings(ADAPTER, training(seed).epochs(1).batchSize(8).build(), 30_000, 50);
    }

    private static TrainingConfig.Builder training(long seed) {
        return TrainingConfig.builder()
                .losses(LossSettings.NONE)
                .batchSize(32)
                .learningRate(3e-3)
                .seed(seed);
    }
}
