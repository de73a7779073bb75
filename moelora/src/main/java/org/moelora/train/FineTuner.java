package org.moelora.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.data.Batch;
import org.moelora.data.BatchOrder;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.optim.AdamW;
import org.moelora.engine.optim.Schedule;
import org.moelora.eval.Scorer;
import org.moelora.eval.Scores;
import org.moelora.model.LanguageModel;

/**
 * Trains the adapter of a view; the base is never written. Set it up, then {@link #run}. With the same seed, data and settings the adapter's bytes
 * are the same, whatever the number of threads. Used by one thread; two trainings must not share an adapter.
 */
public final class FineTuner {
    private final LanguageModel model;
    private final Adapter adapter;
    private List<TokenRow> rows = List.of();
    private List<TokenRow> heldOut = List.of();
    private TrainingConfig config;
    private @Nullable Path folder;
    private @Nullable String settings;

    private FineTuner(LanguageModel model, Adapter adapter) {
        this.model = model;
        this.adapter = adapter;
        this.config = TrainingConfig.builder().losses(defaultLosses()).build();
    }

    /**
     * @param model a view with an adapter
     */
    public static FineTuner of(LanguageModel model) {
        Adapter adapter = model.adapter();
        if (adapter == null) {
            throw new IllegalArgumentException("this view has no adapter to train");
        }
        return new FineTuner(model, adapter);
    }

    private LossSettings defaultLosses() {
        return adapter.config() instanceof LoraConfig ? LossSettings.NONE : LossSettings.DEFAULT;
    }

    /** Trains on examples, encoded with the decoder's tokenizer and not cut: answers carry loss, prompts do not. */
    public FineTuner on(Examples examples) {
        ExampleEncoder encoder = new ExampleEncoder(
                model.decoder().tokenizer(), model.decoder().config().vocabularySize());
        return onRows(encoder.encodeAll(examples).rows());
    }

    /** Trains on rows of tokens. */
    public FineTuner onRows(List<TokenRow> data) {
        rows = List.copyOf(data);
        return this;
    }

    /** Evaluates on these rows now and then. */
    public FineTuner evaluateOn(List<TokenRow> data) {
        heldOut = List.copyOf(data);
        return this;
    }

    public FineTuner config(TrainingConfig value) {
        config = value;
        return this;
    }

    /** Shorthand for the default configuration with that many epochs. */
    public FineTuner epochs(double epochs) {
        return config(
                TrainingConfig.builder().losses(defaultLosses()).epochs(epochs).build());
    }

    /**
     * Keeps {@code last/}, with held-out rows {@code best/}, and {@code metrics.jsonl} in a folder that holds no run yet. Nothing is made
     * before {@link #run}.
     *
     * @throws InputException if the folder holds a run, or cannot be written
     */
    public FineTuner into(Path out) {
        RunFolder.check(out);
        folder = out;
        return this;
    }

    /** {@link #into(Path)}, and keeps a text beside the adapters as {@code run.yaml}: how to do the same again. */
    public FineTuner into(Path out, String yaml) {
        settings = yaml;
        return into(out);
    }

    /**
     * What {@link #run} would take, from two passes over the step with the most tokens of the first epoch; no parameter is
     * changed and nothing is written.
     *
     * @throws InputException if there are no rows to train on
     */
    public TrainingPlan plan() {
        checkRows();
        long steps = config.totalSteps(rows.size());
        BatchOrder order = new BatchOrder(rows.size(), config.batchSize(), config.shuffle(), config.seed());
        long tokens = 0;
        int most = 0;
        List<Batch> largest = List.of();
        for (long step = 1; step <= steps; step++) {
            List<Batch> batches = batches(order, step);
            int size = batches.stream().mapToInt(Batch::tokens).sum();
            tokens += size;
            if (size > most) {
                most = size;
                largest = batches;
            }
        }
        ParameterBlock parameters = adapter.parameters();
        parameters.startTraining();
        double seconds = 0;
        try {
            model.decoder().device().resetPeak();
            for (int pass = 0; pass < 2; pass++) { // the first one is slow, as its code is not compiled yet
                long begin = System.nanoTime();
                TrainingStep.backward(model, largest, config.losses(), config.seed(), 0, config.recompute());
                seconds = (System.nanoTime() - begin) * 1e-9;
            }
        } finally {
            parameters.stopTraining();
        }
        long moments = 2L * Float.BYTES * parameters.count();
        return new TrainingPlan(
                steps,
                tokens,
                parameters.count(),
                model.decoder().device().memoryUse().peak() + moments,
                seconds / most * tokens);
    }

    private void checkRows() {
        if (rows.isEmpty()) {
            throw new InputException("there are no rows to train on; expected at least one with a label");
        }
    }

    /** {@link #run(TrainingListener)} without a listener. */
    public TrainingReport run() {
        return run(TrainingListener.SILENT);
    }

    /**
     * Trains to the end.
     *
     * @throws InputException if there are no rows to train on, or the folder cannot be written
     * @throws TrainingException if the loss or the gradient is no longer a number; the adapter is left as the last good step made it, and
     *     nothing is left in the folder
     */
    public TrainingReport run(TrainingListener listener) {
        checkRows();
        Path out = folder;
        if (out == null) {
            return train(listener, null);
        }
        try (RunFolder run = RunFolder.create(out)) {
            TrainingReport report = train(run.and(listener), run);
            adapter.save(run.last(), config.losses());
            if (settings != null) {
                run.settings(settings);
            }
            run.complete();
            return report;
        }
    }

    private TrainingReport train(TrainingListener listener, @Nullable RunFolder run) {
        ParameterBlock parameters = adapter.parameters();
        long steps = config.totalSteps(rows.size());
        Schedule schedule = new Schedule(
                config.schedule(), config.learningRate(), config.warmUp().steps(steps));
        BatchOrder order = new BatchOrder(rows.size(), config.batchSize(), config.shuffle(), config.seed());
        long evalEvery = config.evalEvery() > 0
                ? config.evalEvery()
                : Math.max(1, order.batchesPerEpoch() / config.gradAccumulation());
        parameters.startTraining();
        model.decoder().device().resetPeak();
        long begin = System.nanoTime();
        long tokens = 0;
        double lastLoss = Double.NaN;
        double bestLoss = Double.POSITIVE_INFINITY;
        try (AdamW optimizer = new AdamW(parameters, new AdamW.Config(0.9, 0.999, 1e-8, config.weightDecay()))) {
            for (long step = 1; step <= steps; step++) {
                long stepBegin = System.nanoTime();
                List<Batch> batches = batches(order, step);
                LossSettings losses = lossesAt(step, steps);
                parameters.clearGradients();
                long draw = (step - 1) * config.gradAccumulation();
                TrainingStep result =
                        TrainingStep.backward(model, batches, losses, config.seed(), draw, config.recompute());
                double loss = result.loss(losses);
                double norm = optimizer.clip(config.clip());
                if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
                    throw new TrainingException("step " + step + ": the loss is " + loss + " and the gradient norm "
                            + norm + " on " + describe(batches) + "; a lower --learning-rate or a --clip may help");
                }
                double rate = schedule.at(step, steps);
                optimizer.step(rate);
                int stepTokens = batches.stream().mapToInt(Batch::tokens).sum();
                tokens += stepTokens;
                lastLoss = loss;
                long now = System.nanoTime();
                listener.step(new TrainingListener.Step(
                        step,
                        steps,
                        loss,
                        result.lm(),
                        result.balance(),
                        result.contrast(),
                        norm,
                        rate,
                        stepTokens,
                        stepTokens / ((now - stepBegin) * 1e-9),
                        (now - begin) * 1e-9));
                if (!heldOut.isEmpty() && (step % evalEvery == 0 || step == steps)) {
                    Scores scores = Scorer.score(model, heldOut);
                    boolean best = scores.loss() < bestLoss;
                    bestLoss = Math.min(bestLoss, scores.loss());
                    SortedMap<String, Double> tasks = new TreeMap<>();
                    scores.byTask().forEach((task, part) -> tasks.put(task, part.loss()));
                    if (best && run != null) {
                        adapter.save(run.best(), config.losses());
                    }
                    listener.evaluation(new TrainingListener.Evaluation(step, scores.loss(), tasks, best));
                }
            }
        } finally {
            parameters.stopTraining();
        }
        return new TrainingReport(
                steps,
                tokens,
                (System.nanoTime() - begin) * 1e-9,
                lastLoss,
                heldOut.isEmpty() ? null : bestLoss,
                model.decoder().device().memoryUse().peak());
    }

    private List<Batch> batches(BatchOrder order, long step) {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < config.gradAccumulation(); i++) {
            List<TokenRow> chosen = new ArrayList<>();
            for (int row : order.batch((step - 1) * config.gradAccumulation() + i)) {
                chosen.add(rows.get(row));
            }
            batches.add(Batch.of(chosen));
        }
        return batches;
    }

    /** The losses with the contrastive one warmed up: directions mean nothing while B is near zero, and its gradient is large there. */
    private LossSettings lossesAt(long step, long steps) {
        LossSettings losses = config.losses();
        long warmUp = config.contrastWarmUp().steps(steps);
        double factor = warmUp == 0 ? 1 : Math.min(1, (double) step / warmUp);
        return new LossSettings(
                losses.balanceWeight(),
                losses.contrastWeight() * factor,
                losses.contrastTemperature(),
                losses.maxPairs());
    }

    private static String describe(List<Batch> batches) {
        return "data rows "
                + batches.stream()
                        .flatMap(batch -> batch.rows().stream())
                        .map(TokenRow::row)
                        .limit(16)
                        .toList();
    }
}
