package org.moelora.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.BalanceLoss;
import org.moelora.engine.ops.ContrastiveLoss;
import org.moelora.engine.ops.Embedding;
import org.moelora.engine.ops.MutualInformationLoss;
import org.moelora.engine.ops.TokenContrastiveLoss;
import org.moelora.engine.ops.TopK;
import org.moelora.engine.ops.WeightedSum;

/**
 * The terms of the loss that routed linears leave beside their outputs in one forward pass,
 *
 * <pre>{@code L = L_lm + balanceWeight mean_routers L_bal + contrastWeight mean_linears L_con + taskWeight mean_routers L_task}</pre>
 *
 * <p>and what is counted beside them. {@link LossSettings} says which there are.
 */
final class LossTerms {
    private final LossSettings losses;
    private final RandomDraws draws;
    private final TaskHeads.@Nullable Lesson lesson;
    private final List<Tensor> balance = new ArrayList<>();
    private final List<Tensor> contrast = new ArrayList<>();
    private final List<Tensor> task = new ArrayList<>();
    private final Map<String, int[]> loads;
    private final Map<String, double[]> taskShares;

    private LossTerms(
            LossSettings losses,
            RandomDraws draws,
            TaskHeads.@Nullable Lesson lesson,
            Map<String, int[]> loads,
            Map<String, double[]> taskShares) {
        this.losses = losses;
        this.draws = draws;
        this.lesson = lesson;
        this.loads = loads;
        this.taskShares = taskShares;
    }

    /**
     * None yet.
     *
     * @param draws what samples of pairs are drawn from
     */
    static LossTerms of(LossSettings losses, RandomDraws draws) {
        return new LossTerms(losses, draws, null, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    /** None yet, with L_task of a lesson. */
    LossTerms with(TaskHeads.Lesson taught) {
        return new LossTerms(losses, draws, taught, new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    /** Those of a checkpointed block: other terms, and the same counts, as a block that is recomputed counts what it counted. */
    LossTerms ofBlock() {
        return new LossTerms(losses, draws, lesson, loads, taskShares);
    }

    /** Takes over the terms of a block. */
    void addAll(LossTerms block) {
        balance.addAll(block.balance);
        contrast.addAll(block.contrast);
        task.addAll(block.task);
    }

    /** All terms. */
    List<Tensor> tensors() {
        List<Tensor> all = new ArrayList<>(balance);
        all.addAll(contrast);
        all.addAll(task);
        return all;
    }

    /**
     * Adds the terms of one linear. Their order is that in which gradients of the router add up.
     *
     * @param rows whose tokens were routed; known where tasks are taught
     */
    void add(Tape tape, RoutedLinear linear, @Nullable RowLayout rows) {
        Tensor p = linear.routing().p();
        Tensor selected = linear.routing().selected();
        if (linear.hasRouter() && balances(LossSettings.Balance.MUTUAL_INFORMATION)) {
            balance.add(MutualInformationLoss.apply(tape, p));
        }
        if (contrasts(LossSettings.Contrast.GATED)) {
            contrast.add(gated(tape, linear));
        }
        if (linear.hasRouter() && losses.taskWeight() > 0 && lesson != null) {
            Tensor taught = lesson.loss(tape, linear.router(), p, Objects.requireNonNull(rows), taskShares);
            if (taught != null) {
                task.add(taught);
            }
        }
        if (selected == null) {
            return;
        }
        if (linear.hasRouter() && balances(LossSettings.Balance.SWITCH)) {
            balance.add(BalanceLoss.apply(tape, p, selected));
        }
        if (linear.hasRouter() && losses.balance() == LossSettings.Balance.BIAS) {
            int[] load = new int[p.shape().cols()];
            for (int expert : selected.toIntArray()) {
                load[expert]++;
            }
            loads.put(linear.module(), load);
        }
        if (contrasts(LossSettings.Contrast.SUPERVISED)) {
            contrast.add(supervised(tape, linear, null, selected));
        }
        if (contrasts(LossSettings.Contrast.TOKEN)) {
            contrast.add(withinTokens(tape, linear, selected));
        }
    }

    private boolean balances(LossSettings.Balance kind) {
        return losses.balanceWeight() > 0 && losses.balance() == kind;
    }

    private boolean contrasts(LossSettings.Contrast kind) {
        return losses.contrastWeight() > 0 && losses.contrast() == kind;
    }

    /** Over all pairs, or a sample of them, that count the same or as much as their gates. */
    private Tensor supervised(Tape tape, RoutedLinear linear, @Nullable Tensor gate, Tensor selected) {
        int all = Math.toIntExact(selected.shape().size());
        int most = losses.maxPairs();
        int[] sample = all <= most ? null : draws.sample(linear.module() + "/pairs", all, most);
        int experts = linear.routing().p().shape().cols();
        return ContrastiveLoss.apply(tape, linear.u(), linear.b(), gate, selected, experts, temperature(), sample);
    }

    /** Over the selected pairs, or over those of all experts where a gate does not select. */
    private Tensor gated(Tape tape, RoutedLinear linear) {
        Tensor p = linear.routing().p();
        Tensor selected = linear.routing().selected();
        if (selected == null) {
            selected = TopK.apply(tape, p, p.shape().cols(), true).selected();
        }
        return supervised(tape, linear, linear.routing().gate(), selected);
    }

    /** Over all tokens, or so many of them that their selected pairs are at most maxPairs. */
    private Tensor withinTokens(Tape tape, RoutedLinear linear, Tensor selected) {
        Tensor p = linear.routing().p();
        Tensor u = linear.u();
        Tensor b = linear.b();
        int experts = p.shape().cols();
        int tokens = selected.shape().rows();
        int k = selected.shape().cols();
        int most = Math.max(1, losses.maxPairs() / k);
        if (tokens <= most) {
            return TokenContrastiveLoss.apply(tape, u, b, selected, experts, temperature());
        }
        Tensor sample = tape.ints(draws.sample(linear.module() + "/tokens", tokens, most));
        // The choice depends on p alone, so it comes out as it did for all tokens.
        Tensor chosen =
                TopK.apply(tape, Embedding.gather(tape, sample, p), k, true).selected();
        return TokenContrastiveLoss.apply(tape, Embedding.gather(tape, sample, u), b, chosen, experts, temperature());
    }

    private float temperature() {
        return (float) losses.contrastTemperature();
    }

    /** The mean of L_bal over routers, [1]; null if there is none. */
    @Nullable Tensor balance(Tape tape) {
        return mean(tape, balance);
    }

    /** The mean of L_con over linears, [1]; null if there is none. */
    @Nullable Tensor contrast(Tape tape) {
        return mean(tape, contrast);
    }

    /** The mean of L_task over routers, [1]; null if there is none. */
    @Nullable Tensor task(Tape tape) {
        return mean(tape, task);
    }

    /** n [E], how many tokens chose each expert, by the name of the linear that has the router. */
    Map<String, int[]> loads() {
        return loads;
    }

    /** Sums of p over the rows of each task, [A, E], by the name of the linear that has the router. */
    Map<String, double[]> taskShares() {
        return taskShares;
    }

    private static @Nullable Tensor mean(Tape tape, List<Tensor> terms) {
        if (terms.isEmpty()) {
            return null;
        }
        float[] weights = new float[terms.size()];
        Arrays.fill(weights, 1f / terms.size());
        return WeightedSum.apply(tape, terms.toArray(Tensor[]::new), weights);
    }
}
