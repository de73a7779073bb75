package org.moelora.adapter;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Embedding;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Scale;
import org.moelora.engine.ops.Sigmoid;
import org.moelora.engine.ops.Softmax;
import org.moelora.engine.ops.ThresholdGate;
import org.moelora.engine.ops.TopK;
import org.moelora.engine.ops.WeightedSum;

/**
 * The g of {@code y = W0 x + s sum_e g_e(x) B_e A_e x}: how a token's experts share it. A policy says which parameters it has on a linear, and how
 * they and the linear's input make gates.
 */
public sealed interface GatePolicy {
    /** W_g [E, in], which makes {@code p = softmax(W_g x)}. */
    String ROUTER = "moe_gate";

    /** b [E] of a gate that chooses by {@code p + b}. */
    String BIAS = "moe_gate_bias";

    /** What {@code routing_strategy} says in {@code adapter_config.json}, and the flag {@code --gate}. */
    String id();

    /** k, if every token takes so many experts; else 0. */
    default int topK() {
        return 0;
    }

    /** Whether a token leaves experts out, so that there are selections to count. */
    default boolean selects() {
        return topK() > 0;
    }

    /**
     * Whether experts are chosen by {@code p + b} and weighed by p (loss-free balance, Wang et al. 2024, arXiv 2408.15664). b [E] is a statistic: it gets no
     * gradient, and after each step of a training with {@link LossSettings.Balance#BIAS} moves towards equal loads.
     */
    default boolean biased() {
        return false;
    }

    /** What it keeps on a linear beside what it trains. */
    default List<GateParameter> statistics(int experts) {
        return biased() ? List.of(new GateParameter(BIAS, ROUTER + ".bias", Shape.of(experts), 0)) : List.of();
    }

    /**
     * What it trains on a linear.
     *
     * @param width of what the router reads, see {@link AdapterConfig#routerWidth}
     */
    List<GateParameter> parameters(int width, int experts);

    /** Number of values in {@link #parameters}. */
    default long parameterCount(int width, int experts) {
        return parameters(width, experts).stream()
                .mapToLong(parameter -> parameter.shape().size())
                .sum();
    }

    /**
     * @param pass says which task a row is of
     * @param x what the router reads
     * @param parameters those of {@link #parameters} and of {@link #statistics}, by name
     */
    Routing apply(Tape tape, AdapterPass pass, RouterInput x, Map<String, Parameter> parameters);

    private static GateParameter router(int width, int experts) {
        return new GateParameter(ROUTER, ROUTER + ".weight", Shape.of(experts, width), 0.02);
    }

    private static Tensor probabilities(Tape tape, AdapterPass pass, RouterInput x, Map<String, Parameter> parameters) {
        float inverse = (float) (1 / pass.phase().temperature());
        return x.decide(tape, "p", f -> {
            Tensor logits = Linear.apply(tape, f, of(parameters, ROUTER), null);
            return Softmax.apply(tape, inverse == 1 ? logits : Scale.apply(tape, logits, inverse));
        });
    }

    private static Parameter of(Map<String, Parameter> parameters, String name) {
        return Objects.requireNonNull(parameters.get(name), name);
    }

    private static Routing top(
            Tape tape, AdapterPass pass, RouterInput x, Map<String, Parameter> parameters, int k, boolean renormalise) {
        Tensor p = probabilities(tape, pass, x, parameters);
        if (pass.phase().dense()) {
            return new Routing(p, p, null);
        }
        TopK top = TopK.apply(tape, p, parameters.get(BIAS), k, renormalise);
        return new Routing(top.gate(), p, top.selected());
    }

    /** The k most probable experts, sharing in proportion to their probabilities (MoELoRA, Luo et al. 2024, arXiv 2402.12851). */
    record Renormalised(int k, boolean biased) implements GatePolicy {
        /** Without a bias. */
        public Renormalised(int k) {
            this(k, false);
        }

        @Override
        public String id() {
            return "top-k";
        }

        @Override
        public int topK() {
            return k;
        }

        @Override
        public List<GateParameter> parameters(int width, int experts) {
            return List.of(router(width, experts));
        }

        @Override
        public Routing apply(Tape tape, AdapterPass pass, RouterInput x, Map<String, Parameter> parameters) {
            return top(tape, pass, x, parameters, k, true);
        }
    }

    /** The k most probable experts, each weighted by its own probability. */
    record Raw(int k, boolean biased) implements GatePolicy {
        /** Without a bias. */
        public Raw(int k) {
            this(k, false);
        }

        @Override
        public String id() {
            return "top-k-raw";
        }

        @Override
        public int topK() {
            return k;
        }

        @Override
        public List<GateParameter> parameters(int width, int experts) {
            return List.of(router(width, experts));
        }

        @Override
        public Routing apply(Tape tape, AdapterPass pass, RouterInput x, Map<String, Parameter> parameters) {
            return top(tape, pass, x, parameters, k, false);
        }
    }

    /**
     * All experts, {@code g = p} (LoRAMoE, Dou et al. 2023, arXiv 2312.09979; HydraLoRA, Tian et al. 2024, arXiv 2404.19245).
     */
    record Dense() implements GatePolicy {
        @Override
        public String id() {
            return "dense";
        }

        @Override
        public List<GateParameter> parameters(int width, int experts) {
            return List.of(router(width, experts));
        }

        @Override
        public Routing apply(Tape tape, AdapterPass pass, RouterInput x, Map<String, Parameter> parameters) {
            Tensor p = probabilities(tape, pass, x, parameters);
            return new Routing(p, p, null);
        }
    }

    /**
     * The experts above a learned threshold of the token's own, sharing in proportion to how far above they are (AdaMoLE, Liu and Luo 2024,
     * arXiv 2405.00361, section 3.2): {@code tau_t = tauMax sigmoid(w x_t + b)}, {@code m_te = max(0, p_te - tau_t)},
     * {@code g_te = m_te / sum_j m_tj}. With tauMax above 1 / E a token may have no expert at all, and is left to the base.
     *
     * @param max tauMax, at most 1; 0 for 1 / E, with which every token has an expert
     */
    record Threshold(double max) implements GatePolicy {
        private static final String WEIGHT = "moe_threshold";
        private static final String BIAS = "moe_threshold_bias";

        /**
         * @throws InputException if the largest threshold is not one
         */
        public Threshold {
            AdapterSettings.MAX_THRESHOLD.check(max);
        }

        @Override
        public String id() {
            return "threshold";
        }

        @Override
        public boolean selects() {
            return true;
        }

        @Override
        public List<GateParameter> parameters(int width, int experts) {
            return List.of(
                    router(width, experts),
                    new GateParameter(WEIGHT, WEIGHT + ".weight", Shape.of(1, width), 0.02),
                    new GateParameter(BIAS, WEIGHT + ".bias", Shape.of(1), 0));
        }

        @Override
        public Routing apply(Tape tape, AdapterPass pass, RouterInput x, Map<String, Parameter> parameters) {
            Tensor p = probabilities(tape, pass, x, parameters);
            if (pass.phase().dense()) {
                return new Routing(p, p, null);
            }
            Tensor share = x.decide(
                    tape,
                    "threshold",
                    f -> Sigmoid.apply(tape, Linear.apply(tape, f, of(parameters, WEIGHT), of(parameters, BIAS))));
            float most = max == 0 ? 1f / p.shape().cols() : (float) max;
            Tensor tau = WeightedSum.apply(tape, new Tensor[] {share}, new float[] {most});
            return new Routing(ThresholdGate.apply(tape, p, tau), p, null);
        }
    }

    /**
     * All experts, with gates that depend on the row's task and on nothing else (MOELoRA for multi-task medical applications, Liu et al. 2023,
     * arXiv 2310.18339, section 4.3): {@code g = softmax(W_T e_j)} for task j with the learned embedding e_j. As the update does not depend on the
     * token, the adapter of one task is a single low-rank update.
     *
     * @param tasks names, in the order of their embeddings
     * @param dimension d of an embedding
     */
    record TaskGate(List<String> tasks, int dimension) implements GatePolicy {
        /** The default of d. */
        public static final int DIMENSION = 64;

        private static final int MAX_TASKS = 4096;
        private static final String EMBEDDING = "task_embedding";
        static final String GATE = "task_gate";

        /**
         * @throws InputException if there is no task, a name is blank or comes twice, or a size is out of range
         */
        public TaskGate {
            tasks = List.copyOf(tasks);
            if (tasks.isEmpty()
                    || tasks.size() > MAX_TASKS
                    || tasks.stream().anyMatch(String::isBlank)
                    || new HashSet<>(tasks).size() < tasks.size()) {
                throw new InputException("tasks are " + (tasks.size() > MAX_TASKS ? tasks.size() : tasks)
                        + "; expected 1 to " + MAX_TASKS + " names, each once");
            }
            AdapterSettings.TASK_DIMENSION.check(dimension);
        }

        @Override
        public String id() {
            return "task";
        }

        @Override
        public List<GateParameter> parameters(int width, int experts) {
            return List.of(
                    new GateParameter(EMBEDDING, EMBEDDING + ".weight", Shape.of(tasks.size(), dimension), 1),
                    new GateParameter(GATE, GATE + ".weight", Shape.of(experts, dimension), 0.02));
        }

        /**
         * j of a task.
         *
         * @param task as the row has it, null if it has none
         * @throws InputException if there is no such task
         */
        public int index(@Nullable String task) {
            int index = task == null ? -1 : tasks.indexOf(task);
            if (index < 0) {
                throw new InputException((task == null ? "a row names no task" : "there is no task \"" + task + "\"")
                        + ", and the adapter's gates depend on it; expected one of " + String.join(", ", tasks));
            }
            return index;
        }

        @Override
        public Routing apply(Tape tape, AdapterPass pass, RouterInput x, Map<String, Parameter> parameters) {
            int[] taskOf = pass.perToken(x.tokens(), this::index);
            // Gates are made once per task, then looked up per token.
            Tensor p = Softmax.apply(tape, Linear.apply(tape, of(parameters, EMBEDDING), of(parameters, GATE), null));
            Tensor gate = Embedding.gather(tape, tape.ints(taskOf), p);
            return new Routing(gate, gate, null);
        }

        /**
         * The gates of one task, which its every token has: what a merge into W0 needs.
         *
         * @return g [E]
         */
        double[] fixedGate(String task, Map<String, Parameter> parameters) {
            int from = index(task) * dimension;
            float[] e = of(parameters, EMBEDDING).toArray();
            float[] w = of(parameters, GATE).toArray();
            double[] g = new double[w.length / dimension];
            double largest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < g.length; i++) {
                for (int d = 0; d < dimension; d++) {
                    g[i] += (double) w[i * dimension + d] * e[from + d];
                }
                largest = Math.max(largest, g[i]);
            }
            double sum = 0;
            for (int i = 0; i < g.length; i++) {
                g[i] = Math.exp(g[i] - largest);
                sum += g[i];
            }
            for (int i = 0; i < g.length; i++) {
                g[i] /= sum;
            }
            return g;
        }
    }
}
