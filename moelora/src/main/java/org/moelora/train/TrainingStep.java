package org.moelora.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterPass;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.OutputWatcher;
import org.moelora.adapter.RouterPhase;
import org.moelora.adapter.TaskHeads;
import org.moelora.data.Batch;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.WeightedSum;
import org.moelora.kernels.Device;
import org.moelora.model.LanguageModel;

/**
 * The gradients of one optimizer step:
 * {@code L = L_lm + alpha_b mean L_bal + beta mean L_con + gamma mean L_task}. L_lm divides by the labels of all micro-batches together and L_task by their
 * rows, so that they do not depend on how the batch is split; the other two are not additive over a split and are averaged over micro-batches.
 *
 * @param lm mean cross-entropy over labels
 * @param balance unweighted
 * @param contrast unweighted
 * @param task unweighted; 0 without it
 * @param loads how many tokens chose each expert, by the linear's name; counted for {@link LossSettings.Balance#BIAS} alone
 * @param taskShares what {@link TaskHeads#learn} learns from; empty without L_task
 */
public record TrainingStep(
        double lm,
        double balance,
        double contrast,
        double task,
        Map<String, int[]> loads,
        Map<String, double[]> taskShares) {
    /**
     * Adds the gradients of one step to the parameters in training; of L_task those of a first step, when nothing is known of tasks yet.
     *
     * @param microBatchIndex number of micro-batches before this step: each draws its own dropout and pairs
     * @param recompute whether layers are recomputed in the backward pass instead of being kept: the same bits in less memory and more time
     */
    public static TrainingStep backward(
            LanguageModel model,
            List<Batch> microBatches,
            LossSettings losses,
            long seed,
            long microBatchIndex,
            boolean recompute) {
        TaskHeads heads = new TaskHeads(tasks(microBatches));
        return backward(model, microBatches, losses, RouterPhase.FINAL, heads, seed, microBatchIndex, recompute, null);
    }

    static TrainingStep backward(
            LanguageModel model,
            List<Batch> microBatches,
            LossSettings losses,
            RouterPhase phase,
            TaskHeads heads,
            long seed,
            long microBatchIndex,
            boolean recompute,
            @Nullable OutputWatcher watcher) {
        Device device = model.decoder().device();
        int labels = microBatches.stream().mapToInt(Batch::labels).sum();
        float share = 1f / microBatches.size();
        double lm = 0;
        double balance = 0;
        double contrast = 0;
        double task = 0;
        Map<String, int[]> loads = new LinkedHashMap<>();
        Map<String, double[]> taskShares = new LinkedHashMap<>();
        TaskHeads.Lesson lesson = heads.lesson(tasks(microBatches));
        for (int i = 0; i < microBatches.size(); i++) {
            Batch batch = microBatches.get(i);
            AdapterPass pass = AdapterPass.training(losses, seed, microBatchIndex + i, watcher)
                    .withRows(batch.layout())
                    .in(phase)
                    .teaching(lesson);
            try (Tape tape = recompute ? Tape.recomputing(device) : Tape.recording(device)) {
                Tensor hidden = model.hidden(tape, pass, batch.ids(), batch.starts());
                Tensor lmTerm = model.loss(tape, hidden, batch.positions(), batch.targets(), 1f / labels);
                Tensor balanceTerm = pass.balance(tape);
                Tensor contrastTerm = pass.contrast(tape);
                Tensor taskTerm = pass.task(tape);
                Tensor total = total(tape, lmTerm, balanceTerm, contrastTerm, taskTerm, losses, share);
                tape.backward(total);
                pass.loads().forEach((module, load) -> loads.merge(module, load, TrainingStep::sum));
                pass.taskShares().forEach((module, shares) -> taskShares.merge(module, shares, TrainingStep::sum));
                lm += lmTerm.item();
                balance += balanceTerm == null ? 0 : share * balanceTerm.item();
                contrast += contrastTerm == null ? 0 : share * contrastTerm.item();
                task += taskTerm == null ? 0 : taskTerm.item();
            }
        }
        return new TrainingStep(lm, balance, contrast, task, loads, taskShares);
    }

    private static List<@Nullable String> tasks(List<Batch> microBatches) {
        List<@Nullable String> tasks = new ArrayList<>();
        microBatches.forEach(batch -> tasks.addAll(batch.tasks()));
        return tasks;
    }

    private static int[] sum(int[] one, int[] other) {
        int[] sum = new int[one.length];
        Arrays.setAll(sum, e -> one[e] + other[e]);
        return sum;
    }

    private static double[] sum(double[] one, double[] other) {
        double[] sum = new double[one.length];
        Arrays.setAll(sum, i -> one[i] + other[i]);
        return sum;
    }

    private static Tensor total(
            Tape tape,
            Tensor lm,
            @Nullable Tensor balance,
            @Nullable Tensor contrast,
            @Nullable Tensor task,
            LossSettings losses,
            float share) {
        List<Tensor> terms = new ArrayList<>(List.of(lm));
        List<Float> weights = new ArrayList<>(List.of(1f));
        if (balance != null) {
            terms.add(balance);
            weights.add((float) losses.balanceWeight() * share);
        }
        if (contrast != null) {
            terms.add(contrast);
            weights.add((float) losses.contrastWeight() * share);
        }
        if (task != null) {
            terms.add(task);
            weights.add((float) losses.taskWeight());
        }
        float[] factors = new float[weights.size()];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = weights.get(i);
        }
        return WeightedSum.apply(tape, terms.toArray(Tensor[]::new), factors);
    }

    /** What was minimised. */
    public double loss(LossSettings losses) {
        return lm + losses.balanceWeight() * balance + losses.contrastWeight() * contrast + losses.taskWeight() * task;
    }
}
