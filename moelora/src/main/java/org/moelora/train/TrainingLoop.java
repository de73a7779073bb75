package org.moelora.train;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.RouterPhase;
import org.moelora.adapter.RouterStatistics;
import org.moelora.adapter.TaskHeads;
import org.moelora.data.Batch;
import org.moelora.data.BatchOrder;
import org.moelora.data.TokenRow;
import org.moelora.engine.Cancellation;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.optim.AdamW;
import org.moelora.engine.optim.Schedule;
import org.moelora.eval.RowScore;
import org.moelora.eval.Scorer;
import org.moelora.eval.Scores;
import org.moelora.model.LanguageModel;

/**
 * The steps of one training, from the first or from a checkpoint on. All that a step does is a function of the configuration, the rows, the step's number
 * and what a checkpoint holds, so a training that goes on makes the bytes that it would have made without a stop.
 */
final class TrainingLoop {
    private static final System.Logger LOG = System.getLogger(TrainingLoop.class.getName());

    /**
     * What does not change what is learned, but for rows that are left out.
     *
     * @param skipBadRows whether rows that make NaN or infinite values are left out, instead of ending the training
     */
    record Conduct(CheckpointPolicy checkpoints, boolean skipBadRows, Cancellation cancellation) {}

    private final LanguageModel model;
    private final Adapter adapter;
    private final ParameterBlock parameters;
    private final TrainingConfig config;
    private final List<TokenRow> rows;
    private List<TokenRow> heldOut;
    private final Conduct conduct;
    private final @Nullable Checkpoints run;
    private final TrainingListener listener;
    private final BatchOrder order;
    private final Schedule schedule;
    private final TaskHeads heads;
    private final long steps;
    private final long evalEvery;

    private long step;
    private long rowsSeen;
    private long tokens;
    private double loss = Double.NaN;
    private double bestLoss = Double.POSITIVE_INFINITY;
    private final List<SkippedRow> skipped = new ArrayList<>();
    private final Set<Integer> bad = new HashSet<>();
    private long begin;

    TrainingLoop(RunRecord.Inputs inputs, Conduct conduct, @Nullable RunFolder run, TrainingListener listener) {
        this.model = inputs.model();
        this.adapter = inputs.adapter();
        this.parameters = adapter.parameters();
        this.config = inputs.training();
        this.rows = inputs.rows();
        this.heldOut = inputs.heldOut();
        this.conduct = conduct;
        this.listener = listener;
        steps = config.totalSteps(rows.size());
        schedule = new Schedule(
                config.schedule(), config.learningRate(), config.warmUp().steps(steps));
        order = new BatchOrder(rows.size(), config.batchSize(), config.shuffle(), config.seed());
        heads = new TaskHeads(rows.stream().map(TokenRow::task).toList());
        this.run = run == null ? null : new Checkpoints(run, conduct.checkpoints(), adapter, config.losses(), heads);
        evalEvery = config.evalEvery() > 0
                ? config.evalEvery()
                : Math.max(1, order.batchesPerEpoch() / config.gradAccumulation());
    }

    /**
     * Trains to the end, or until it is cancelled.
     *
     * @param ready called when there is a first checkpoint, before the first step; null to go on from the newest whole one
     */
    TrainingReport run(@Nullable Runnable ready) {
        parameters.startTraining(parameter -> !config.router().alone() || adapter.isRouter(parameter));
        begin = System.nanoTime();
        try (LanguageModel.Uses uses = model.enter();
                AdamW optimizer =
                        new AdamW(parameters, new AdamW.Config(0.9, 0.999, 1e-8, config.weightDecay()), this::group)) {
            if (ready != null && run != null) {
                run.folder().check(step, steps, !heldOut.isEmpty(), adapter.parameterCount());
            }
            if (ready != null || run == null) {
                measureRouterStatistics();
            }
            if (run != null) {
                if (ready == null) {
                    restore(run, optimizer);
                } else {
                    run.write(state(run.folder(), optimizer), optimizer);
                    ready.run();
                }
            }
            if (run != null) {
                run.beginToCount();
            }
            model.decoder().device().resetPeak();
            while (step < steps && !conduct.cancellation().isCancelled()) {
                step(optimizer);
            }
            if (run != null) {
                save(run, optimizer);
                if (step == steps) {
                    run.keeping(step, () -> run.folder().save(run.folder().last(), adapter, config.losses()));
                }
            }
        } catch (InternalError e) {
            throw model.decoder().explained(e);
        } finally {
            parameters.stopTraining();
            model.decoder().device().trim(); // a service that goes on to answer needs none of what steps took
        }
        return new TrainingReport(
                step,
                steps,
                rowsSeen,
                tokens,
                seconds(),
                loss,
                bestLoss == Double.POSITIVE_INFINITY ? null : bestLoss,
                model.decoder().device().memoryUse().peak(),
                skipped);
    }

    private AdamW.Group group(Parameter parameter) {
        if (adapter.isRouter(parameter)) {
            return new AdamW.Group(config.router().rate(), false);
        }
        return adapter.isB(parameter) ? new AdamW.Group(config.bLearningRateRatio(), true) : AdamW.Group.DEFAULT;
    }

    /** Before the first step, on the first rows in the order of training. */
    private void measureRouterStatistics() {
        if (!RouterStatistics.areMissing(adapter)) {
            return;
        }
        List<TokenRow> first = new ArrayList<>();
        for (long batch = 0; batch < order.batchesPerEpoch() && first.size() < RouterStatistics.ROWS; batch++) {
            for (int row : order.batch(batch)) {
                first.add(rows.get(row));
            }
        }
        PromptStatistics.measure(model, first);
    }

    private double seconds() {
        return (System.nanoTime() - begin) * 1e-9;
    }

    private void step(AdamW optimizer) {
        long now = step + 1;
        long stepBegin = System.nanoTime();
        LossSettings losses = lossesAt(now);
        long microBatchIndex = step * config.gradAccumulation();
        List<Batch> batches = batches(now);
        while (!batches.isEmpty()) {
            parameters.clearGradients();
            TrainingStep result = TrainingStep.backward(
                    model,
                    batches,
                    losses,
                    phaseAt(now),
                    heads,
                    config.seed(),
                    microBatchIndex,
                    config.recompute(),
                    null);
            double stepLoss = result.loss(losses);
            double norm = optimizer.clip(config.clip());
            if (Double.isFinite(stepLoss) && Double.isFinite(norm)) {
                double rate = schedule.at(now, steps);
                optimizer.step(rate);
                adapter.balance(result.loads());
                heads.learn(result.taskShares());
                int stepTokens = batches.stream().mapToInt(Batch::tokens).sum();
                tokens += stepTokens;
                rowsSeen +=
                        batches.stream().mapToInt(batch -> batch.rows().size()).sum();
                loss = stepLoss;
                tell(new TrainingListener.Step(
                        now,
                        steps,
                        loss,
                        result.lm(),
                        result.balance(),
                        result.contrast(),
                        result.task(),
                        norm,
                        rate,
                        rowsSeen,
                        stepTokens,
                        stepTokens / ((System.nanoTime() - stepBegin) * 1e-9),
                        seconds()));
                break;
            }
            notFinite(optimizer, batches, losses, microBatchIndex, stepLoss, norm);
            batches = batches(now);
        }
        step = now;
        if (!heldOut.isEmpty() && (step % evalEvery == 0 || step == steps)) {
            evaluate(optimizer);
        }
        if (run != null && run.due(step)) {
            save(run, optimizer);
        }
    }

    private void tell(TrainingListener.Step numbers) {
        if (run != null) {
            run.keeping(step, () -> run.folder().step(numbers));
        }
        listener.step(numbers);
    }

    private List<Batch> batches(long now) {
        return batches(order, rows, config.gradAccumulation(), now, bad);
    }

    /** The micro-batches of a step, without the rows that are left out and without those that are then empty. */
    static List<Batch> batches(BatchOrder order, List<TokenRow> rows, int count, long now, Set<Integer> leftOut) {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<TokenRow> chosen = new ArrayList<>();
            for (int row : order.batch((now - 1) * count + i)) {
                if (!leftOut.contains(rows.get(row).row())) {
                    chosen.add(rows.get(row));
                }
            }
            if (!chosen.isEmpty()) {
                batches.add(Batch.of(chosen));
            }
        }
        return batches;
    }

    /** The losses with the contrastive one warmed up: directions mean nothing while B is near zero, and its gradient is large there. */
    private LossSettings lossesAt(long now) {
        LossSettings losses = config.losses();
        long begin = config.contrastStart().steps(steps);
        long warmUp = config.contrastWarmUp().steps(steps);
        double factor = now <= begin ? 0 : warmUp == 0 ? 1 : Math.min(1, (double) (now - begin) / warmUp);
        return losses.withContrastWeight(losses.contrastWeight() * factor);
    }

    private RouterPhase phaseAt(long now) {
        return config.router().at(now, steps);
    }

    private void evaluate(AdamW optimizer) {
        Scores scores = Scorer.score(model, heldOut);
        if (!Double.isFinite(scores.loss())) {
            scores = evaluateWithoutBadRows(optimizer, scores);
            if (heldOut.isEmpty()) {
                return;
            }
        }
        boolean best = scores.loss() < bestLoss;
        bestLoss = Math.min(bestLoss, scores.loss());
        SortedMap<String, Double> tasks = new TreeMap<>();
        scores.byTask().forEach((task, part) -> tasks.put(task, part.loss()));
        var evaluation = new TrainingListener.Evaluation(step, scores.loss(), tasks, best);
        if (run != null) {
            if (best) {
                run.keeping(step, () -> run.folder().save(run.folder().best(), adapter, config.losses()));
            }
            run.keeping(step, () -> run.folder().evaluation(evaluation));
        }
        listener.evaluation(evaluation);
    }

    private Scores evaluateWithoutBadRows(AdamW optimizer, Scores scores) {
        List<TokenRow> good = new ArrayList<>();
        List<SkippedRow> found = new ArrayList<>();
        for (int i = 0; i < heldOut.size(); i++) {
            RowScore score = scores.rows().get(i);
            TokenRow row = heldOut.get(i);
            if (Double.isFinite(score.total())) {
                good.add(row);
            } else {
                found.add(new SkippedRow(row.row(), row.where(), true, step, "the loss"));
            }
        }
        if (!conduct.skipBadRows()) {
            throw stopped(
                    optimizer,
                    "evaluation after step " + step + ": the loss is " + scores.loss() + " on the held-out rows "
                            + Diagnosis.names(
                                    found.stream().map(SkippedRow::where).toList()));
        }
        leaveOut(found);
        heldOut = good;
        return good.isEmpty() ? scores : Scorer.score(model, good);
    }

    /** Ends the training, or leaves the rows out that are to blame. */
    private void notFinite(
            AdamW optimizer,
            List<Batch> batches,
            LossSettings losses,
            long microBatchIndex,
            double stepLoss,
            double norm) {
        Diagnosis diagnosis = new Diagnosis(model, parameters, losses, phaseAt(step + 1), heads, config);
        String first = diagnosis.find(batches, microBatchIndex);
        List<SkippedRow> found = diagnosis.badRows(batches, microBatchIndex, step + 1);
        List<String> names = batches.stream()
                .flatMap(batch -> batch.rows().stream())
                .map(TokenRow::where)
                .toList();
        // Where all rows of the first steps are bad, it is not the rows.
        boolean hopeless = bad.size() + found.size() == rows.size()
                || (optimizer.steps() == 0 && names.size() > 1 && found.size() == names.size());
        if (conduct.skipBadRows() && !found.isEmpty() && !hopeless && parametersAreFinite()) {
            leaveOut(found);
            return;
        }
        String guilty = found.isEmpty() || found.size() == names.size()
                ? ""
                : " (" + Diagnosis.names(found.stream().map(SkippedRow::where).toList()) + " alone would do)";
        throw stopped(
                optimizer,
                "step " + (step + 1) + ": the loss is " + stepLoss + " and the gradient norm " + norm + " on "
                        + Diagnosis.names(names) + guilty + ", and the first NaN or infinity is in " + first);
    }

    private boolean parametersAreFinite() {
        return parameters.parameters().stream().allMatch(Diagnosis::isFinite);
    }

    private void leaveOut(List<SkippedRow> found) {
        skipped.addAll(found);
        found.stream().filter(row -> !row.heldOut()).forEach(row -> bad.add(row.row()));
        found.forEach(row -> LOG.log(
                System.Logger.Level.WARNING,
                () -> row.where() + ": left out from step " + row.step() + " on, as " + row.reason()
                        + " is NaN or infinite"));
        if (run != null) {
            run.keeping(step, () -> run.folder().skipped(skipped));
        }
    }

    /** The end of a training at the last good state, which is what stands in the parameters unless the last update itself overflowed. */
    private TrainingException stopped(AdamW optimizer, String sentence) {
        String help = "; --skip-bad-rows or a lower --learning-rate or --clip may help";
        if (run == null || step == 0) {
            if (run != null) {
                run.folder().discard();
            }
            return new TrainingException(sentence + help);
        }
        if (parametersAreFinite()) {
            save(run, optimizer);
        }
        return new TrainingException(sentence + "; " + run.folder().path() + " stands at step " + run.savedStep()
                + ", the last good one" + help);
    }

    // ---- checkpoints ----------------------------------------------------------------------------------------------

    /** Writes a checkpoint; if there is one of this step, only removes older ones, of which a crash may have left too many. */
    private void save(Checkpoints into, AdamW optimizer) {
        if (into.savedStep() == step) {
            into.keeping(step, () -> into.prune(step));
            return;
        }
        if (!parametersAreFinite()) {
            throw new TrainingException("step " + step + ": the update made a NaN or infinite parameter; "
                    + into.folder().path()
                    + " stands at step " + into.savedStep()
                    + "; a lower --learning-rate or --clip may help");
        }
        into.keeping(step, () -> into.write(state(into.folder(), optimizer), optimizer));
    }

    private TrainingState state(RunFolder folder, AdamW optimizer) {
        return new TrainingState(
                folder.id(),
                step,
                steps,
                optimizer.steps(),
                rowsSeen,
                tokens,
                seconds(),
                loss,
                bestLoss,
                folder.metricsBytes(),
                skipped);
    }

    /** Goes back to the newest checkpoint that is whole. */
    private void restore(Checkpoints from, AdamW optimizer) {
        RunCheckpoint checkpoint = from.newest();
        TrainingState state = checkpoint.state();
        from.folder().check(state.step(), steps, !heldOut.isEmpty(), adapter.parameterCount());
        checkpoint.restore(model, adapter, optimizer, heads, state);
        step = state.step();
        rowsSeen = state.rowsSeen();
        tokens = state.tokens();
        loss = state.loss();
        bestLoss = state.bestEvalLoss();
        begin = System.nanoTime() - (long) (state.seconds() * 1e9);
        skipped.addAll(state.skipped());
        skipped.stream().filter(row -> !row.heldOut()).forEach(row -> bad.add(row.row()));
        Set<Integer> badHeldOut = new HashSet<>();
        skipped.stream().filter(SkippedRow::heldOut).forEach(row -> badHeldOut.add(row.row()));
        heldOut =
                heldOut.stream().filter(row -> !badHeldOut.contains(row.row())).toList();
        from.folder().rewind(state);
    }
}
