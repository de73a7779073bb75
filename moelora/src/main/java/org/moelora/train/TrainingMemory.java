package org.moelora.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.moelora.data.Batch;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.optim.AdamW;
import org.moelora.eval.Scorer;
import org.moelora.model.LanguageModel;
import org.moelora.model.MemoryPlan;

/**
 * What a training takes at its peak, and what would take less.
 *
 * @param rows to train on
 * @param heldOut to evaluate on
 */
record TrainingMemory(LanguageModel model, TrainingConfig config, List<TokenRow> rows, List<TokenRow> heldOut) {
    /** A step on a batch as large as any, then an evaluation. */
    MemoryPlan plan() {
        return plan(config.recompute());
    }

    private MemoryPlan plan(boolean recompute) {
        List<Batch> batch = List.of(Batch.largest(rows, config.batchSize()));
        return MemoryPlan.of(model, view -> {
            ParameterBlock parameters = Objects.requireNonNull(view.adapter()).parameters();
            parameters.startTraining();
            try (AdamW optimizer = new AdamW(parameters, AdamW.Config.DEFAULT)) {
                TrainingStep.backward(view, batch, config.losses(), config.seed(), 0, recompute);
                optimizer.clip(config.clip());
                optimizer.step(config.learningRate());
                Scorer.rehearse(view, heldOut);
            } finally {
                parameters.stopTraining();
            }
        });
    }

    /**
     * Refuses the training if there is no room for it.
     *
     * @param limit most bytes; 0 for what this process may still take from the system
     * @throws InputException in one sentence with what it takes, what there is, and which flags would make it less
     */
    MemoryPlan require(long limit) {
        MemoryPlan plan = plan();
        if (!plan.fits(limit)) {
            plan.require(limit, "training", remedy());
        }
        return plan;
    }

    private String remedy() {
        List<String> flags = new ArrayList<>();
        if (config.batchSize() > 1 && rows.size() > 1) {
            flags.add("--batch-size below " + Math.min(config.batchSize(), rows.size()));
        }
        int longest = rows.stream().mapToInt(TokenRow::length).max().orElse(0);
        flags.add("--max-length below " + longest);
        if (!config.recompute()) {
            flags.add("--recompute, which takes "
                    + MemoryPlan.megabytes(plan(true).total()));
        }
        return String.join(", or ", flags);
    }
}
