package org.moelora.adapter;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Embedding;
import org.moelora.engine.ops.InnerProduct;

/**
 * How the names of tasks teach routers of prompts. For each router there is a head {@code h(a | e)}, the probability of task a where expert e is chosen, and
 * the loss of a step is the cross-entropy of its rows' names under an expert that is drawn as the router says, tasks weighing the same:
 *
 * <pre>
 * L_task = 1/A sum_a 1/n_a sum_{rows r of a} sum_e p_re (-log h(a | e))
 * </pre>
 *
 * <p>For any head it is at least {@code H(task | expert) = log A - I(task; expert)}, and equal for the head that the probabilities themselves give (Barber
 * and Agakov 2003), so that is the one: {@code h(a | e) = q(e | a) / sum_b q(e | b)}, with q(e | a) the mean of p over about the last {@value #ROWS}
 * rows of the task that were learned from. Heads are counted, not trained, and are not part of the adapter. Not thread-safe.
 */
public final class TaskHeads {
    /** How many of a task's rows a head remembers: each row takes so much from the weight of those before it. */
    private static final int ROWS = 50;

    /** Added to each q(e | a), so that no logarithm is of 0. */
    private static final double SMALLEST = 1e-3;

    private final List<String> tasks;

    /** N [A, E], the sum of p over the rows of each task, of routers by the linear that has them. */
    private final Map<String, float[]> counts = new LinkedHashMap<>();

    /**
     * Nothing is known of any task.
     *
     * @param named the tasks of the rows, null for rows without one; of which each counts once, in any order
     */
    public TaskHeads(Collection<? extends @Nullable String> named) {
        TreeSet<String> names = new TreeSet<>();
        named.stream().filter(Objects::nonNull).forEach(names::add);
        tasks = List.copyOf(names);
    }

    /** A names, sorted. */
    public List<String> tasks() {
        return tasks;
    }

    private int index(String task) {
        int index = tasks.indexOf(task);
        if (index < 0) {
            throw new IllegalArgumentException("there is no task \"" + task + "\" among " + tasks);
        }
        return index;
    }

    /**
     * The loss of one step's rows, however they are split over passes.
     *
     * @param ofRows the task of each row of the step, null for a row without one
     */
    public Lesson lesson(List<@Nullable String> ofRows) {
        int[] rows = new int[tasks.size()];
        for (String task : ofRows) {
            if (task != null) {
                rows[index(task)]++;
            }
        }
        long named = Arrays.stream(rows).filter(n -> n > 0).count();
        return new Lesson(
                this,
                Arrays.stream(rows)
                        .mapToDouble(n -> n == 0 ? 0 : 1.0 / named / n)
                        .toArray());
    }

    /** Heads, and the weights {@code 1 / (A n_a)} of the rows of each task in one step. */
    public static final class Lesson {
        private final TaskHeads heads;
        private final double[] weights;

        private Lesson(TaskHeads heads, double[] weights) {
            this.heads = heads;
            this.weights = weights;
        }

        /**
         * What the rows of a pass add to L_task of a router.
         *
         * @param p [T, E], the same for all tokens of a row
         * @param seen gets the sums of p over the rows of each task, [A, E]
         * @return [1]; null if no row names a task
         */
        @Nullable Tensor loss(Tape tape, String router, Tensor p, RowLayout rows, Map<String, double[]> seen) {
            int experts = p.shape().cols();
            IntStream.Builder first = IntStream.builder();
            IntStream.Builder named = IntStream.builder();
            for (int r = 0; r < rows.tasks().size(); r++) {
                String task = rows.tasks().get(r);
                if (task != null) {
                    first.add(rows.starts()[r]);
                    named.add(heads.index(task));
                }
            }
            int[] taskOf = named.build().toArray();
            if (taskOf.length == 0) {
                return null;
            }
            Tensor ofRows = Embedding.gather(tape, tape.ints(first.build().toArray()), p);
            float[] shares = ofRows.toArray();
            double[] costs = heads.costs(router, experts);
            float[] weighted = new float[shares.length];
            double[] sums = new double[costs.length];
            for (int i = 0; i < shares.length; i++) {
                int task = taskOf[i / experts];
                int at = task * experts + i % experts;
                weighted[i] = (float) (weights[task] * costs[at]);
                sums[at] += shares[i];
            }
            seen.put(router, sums);
            return InnerProduct.apply(tape, ofRows, tape.constant(weighted, taskOf.length, experts));
        }
    }

    /** {@code -log h(a | e)} [A, E]. */
    private double[] costs(String router, int experts) {
        float[] n = counts.get(router);
        double[] costs = new double[tasks.size() * experts];
        double[] ofExpert = new double[experts];
        for (int a = 0; a < tasks.size(); a++) {
            double all = 0;
            for (int e = 0; e < experts && n != null; e++) {
                all += n[a * experts + e];
            }
            for (int e = 0; e < experts; e++) {
                double share = n == null || all == 0 ? 1.0 / experts : n[a * experts + e] / all;
                costs[a * experts + e] = share + SMALLEST;
                ofExpert[e] += share + SMALLEST;
            }
        }
        for (int i = 0; i < costs.length; i++) {
            costs[i] = -StrictMath.log(costs[i] / ofExpert[i % experts]);
        }
        return costs;
    }

    /**
     * Learns from the rows of a step.
     *
     * @param seen the sums of p over the rows of each task, [A, E], of routers by the linear that has them
     */
    public void learn(Map<String, double[]> seen) {
        seen.forEach((router, sums) -> {
            float[] n = counts.computeIfAbsent(router, unknown -> new float[sums.length]);
            int experts = sums.length / tasks.size();
            for (int a = 0; a < tasks.size(); a++) {
                double rows = 0; // as shares of a row add up to 1
                for (int e = 0; e < experts; e++) {
                    rows += sums[a * experts + e];
                }
                double kept = 1;
                for (long row = Math.round(rows); row > 0; row--) {
                    kept *= 1 - 1.0 / ROWS;
                }
                for (int e = 0; e < experts; e++) {
                    n[a * experts + e] = (float) (kept * n[a * experts + e] + sums[a * experts + e]);
                }
            }
        });
    }

    /** N [A, E] of each router that has learned anything, by the linear that has it: all that there is to keep. */
    public Map<String, float[]> counts() {
        Map<String, float[]> copies = new LinkedHashMap<>();
        counts.forEach((router, n) -> copies.put(router, n.clone()));
        return copies;
    }

    /** Puts back what {@link #counts} gave. */
    public void restore(Map<String, float[]> kept) {
        counts.clear();
        kept.forEach((router, n) -> counts.put(router, n.clone()));
    }
}
