package org.moelora.adapter;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.settings.Values;

/**
 * A mixture of LoRA experts, {@code y = W0 x + s sum_e g_e(x) B_e A_e x}: MoELoRA (Luo et al. 2024, arXiv 2402.12851), whose gate is top-k per token and
 * linear, and its relatives, which have another gate, other numbers of experts, or share A, or A and B. The papers fix the methods; the
 * default numbers are this project's reading of them.
 *
 * @param expertsPerLayer E, from 2: one number for all layers, or several that are spread over the layers in equal groups, bottom to top (MoLA,
 *     Gao et al. 2024, arXiv 2402.08562)
 * @param gate how tokens share experts
 * @param router what the gate looks at
 * @param space where the experts of a linear differ
 * @param rank r of one expert, from 1
 * @param alpha numerator of the scale {@code s = alpha / r}
 * @param rankStabilised whether {@code s = alpha / sqrt(r)} instead
 * @param dropout on the adapter's path, in [0, 1); the router sees its input whole
 * @param targets the adapted linears
 */
public record MoeLoraConfig(
        List<Integer> expertsPerLayer,
        GatePolicy gate,
        Router router,
        ExpertSpace space,
        int rank,
        double alpha,
        boolean rankStabilised,
        double dropout,
        Targets targets)
        implements AdapterConfig {
    /** What files call a mixture of experts. */
    public static final String METHOD = "moelora";

    private static final int MAX_LAYERS = 100_000;

    /**
     * @throws InputException if a value is out of range, or for top-1 with renormalisation, where every gate is 1 and the router would get no
     *     gradient from the language model's loss
     */
    public MoeLoraConfig {
        expertsPerLayer = List.copyOf(expertsPerLayer);
        AdapterConfig.check(rank, alpha, dropout);
        if (expertsPerLayer.isEmpty() || expertsPerLayer.size() > MAX_LAYERS) {
            throw new InputException(
                    "experts are " + expertsPerLayer.size() + " numbers; expected one, or one per group of layers");
        }
        for (int experts : expertsPerLayer) {
            if (experts < 2 || experts > 1024) {
                throw new InputException("experts is " + experts + "; expected 2 to 1024 (for one expert, use LoRA)");
            }
        }
        if (gate instanceof GatePolicy.Renormalised || gate instanceof GatePolicy.Raw) {
            int k = gate.topK();
            int fewest = Collections.min(expertsPerLayer);
            if (k < 1 || k > fewest) {
                throw new InputException("top-k is " + k + "; expected 1 to the "
                        + (expertsPerLayer.size() > 1 ? "smallest number of experts, " : "number of experts, ")
                        + fewest);
            }
            if (k == 1 && gate instanceof GatePolicy.Renormalised) {
                throw new InputException(
                        "top-k is 1 with renormalised gates, which makes every gate 1 and leaves the router"
                                + " without a gradient; expected top-k of at least 2, or the gate top-k-raw");
            }
        }
        if (gate instanceof GatePolicy.TaskGate && !(router instanceof Router.Token)) {
            throw new InputException(
                    "the router is " + router.id()
                            + ", and the gate task looks at the row's task alone; leave the router out, or choose another gate");
        }
        // Equal numbers are one number, so that equal adapters have equal configurations.
        if (Collections.min(expertsPerLayer).equals(Collections.max(expertsPerLayer))) {
            expertsPerLayer = List.of(expertsPerLayer.getFirst());
        }
    }

    /** MoELoRA: the same number of experts everywhere, k of them per token. */
    public MoeLoraConfig(
            int experts,
            int topK,
            int rank,
            double alpha,
            boolean rankStabilised,
            boolean renormalise,
            double dropout,
            List<String> targets) {
        this(
                List.of(experts),
                renormalise ? new GatePolicy.Renormalised(topK) : new GatePolicy.Raw(topK),
                new Router.Token(),
                ExpertSpace.SEPARATE,
                rank,
                alpha,
                rankStabilised,
                dropout,
                Targets.of(targets));
    }

    @Override
    public MoeLoraConfig with(Targets other) {
        return new MoeLoraConfig(expertsPerLayer, gate, router, space, rank, alpha, rankStabilised, dropout, other);
    }

    @Override
    public String method() {
        return METHOD;
    }

    /** The largest E of any layer. */
    @Override
    public int experts() {
        return Collections.max(expertsPerLayer);
    }

    @Override
    public int fewestExperts() {
        return Collections.min(expertsPerLayer);
    }

    /** E on one linear. */
    @Override
    public int experts(LinearSite site) {
        return expertsPerLayer.size() == 1 ? expertsPerLayer.getFirst() : expertsPerLayer.get(site.layer());
    }

    /**
     * Layer l of L gets number {@code floor(l n / L)} of n.
     *
     * @throws InputException if there are more numbers than layers
     */
    @Override
    public MoeLoraConfig forLayers(int layers) {
        int n = expertsPerLayer.size();
        if (n == 1 || n == layers) {
            return this;
        }
        if (n > layers) {
            throw new InputException("experts are " + n + " numbers, and the model has " + layers
                    + " layers; give at most one number for each layer");
        }
        List<Integer> spread = IntStream.range(0, layers)
                .mapToObj(layer -> expertsPerLayer.get((int) ((long) layer * n / layers)))
                .toList();
        return new MoeLoraConfig(spread, gate, router, space, rank, alpha, rankStabilised, dropout, targets);
    }

    /** k, or 0 if the gate has none. */
    public int topK() {
        return gate.topK();
    }

    @Override
    public double scale() {
        return rankStabilised ? alpha / Math.sqrt(rank) : alpha / rank;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** 8 experts of rank 4, top-2 renormalised, alpha 8, no dropout, on q_proj and v_proj, unless set. */
    public static final class Builder {
        private List<Integer> experts = Values.NONE.get(AdapterSettings.EXPERTS);
        private @Nullable Integer topK;
        private int rank = Values.NONE.get(AdapterSettings.RANK);
        private double alpha = Values.NONE.get(AdapterSettings.ALPHA);
        private boolean rankStabilised;
        private @Nullable Boolean renormalise;
        private @Nullable GatePolicy gate;
        private Router router = new Router.Token();
        private ExpertSpace space = ExpertSpace.SEPARATE;
        private double dropout;
        private Targets targets = Values.NONE.get(AdapterSettings.TARGETS);

        private Builder() {}

        public Builder experts(int value) {
            experts = List.of(value);
            return this;
        }

        /** Numbers that are spread over the layers in equal groups, bottom to top, e.g. 2, 4, 6, 8. */
        public Builder expertsPerLayer(List<Integer> value) {
            experts = value;
            return this;
        }

        /** Experts that are chosen: 2, or with a router of prompts half of them; see {@link Router#defaultTopK}. */
        public Builder topK(int value) {
            topK = value;
            return this;
        }

        public Builder rank(int value) {
            rank = value;
            return this;
        }

        public Builder alpha(double value) {
            alpha = value;
            return this;
        }

        public Builder rankStabilised(boolean value) {
            rankStabilised = value;
            return this;
        }

        public Builder renormalise(boolean value) {
            renormalise = value;
            return this;
        }

        /** A gate other than top-k; not together with {@link #topK} or {@link #renormalise}, which are about that gate. */
        public Builder gate(GatePolicy value) {
            gate = value;
            return this;
        }

        /** What the gate looks at: the token unless set. */
        public Builder router(Router value) {
            router = value;
            return this;
        }

        /** Whether the experts of a linear have one A. */
        public Builder sharedA(boolean value) {
            return space(value ? ExpertSpace.SHARED_A : ExpertSpace.SEPARATE);
        }

        /** Where the experts of a linear differ: in A and B unless set. */
        public Builder space(ExpertSpace value) {
            space = value;
            return this;
        }

        public Builder dropout(double value) {
            dropout = value;
            return this;
        }

        /** Linears by their names, or the ends of them. */
        public Builder targets(List<String> value) {
            return targets(Targets.of(value));
        }

        public Builder targets(Targets value) {
            targets = value;
            return this;
        }

        /**
         * @throws InputException if a value is out of range
         * @throws IllegalStateException if a gate is set beside {@link #topK} or {@link #renormalise}, as only one of them can count
         */
        public MoeLoraConfig build() {
            if (gate != null && (topK != null || renormalise != null)) {
                throw new IllegalStateException("gate(" + gate + ") and "
                        + (topK != null ? "topK(" + topK : "renormalise(" + renormalise)
                        + ") are both set; expected one of them");
            }
            return new MoeLoraConfig(
                    experts,
                    gate != null ? gate : best(),
                    router,
                    space,
                    rank,
                    alpha,
                    rankStabilised,
                    dropout,
                    targets);
        }

        private GatePolicy best() {
            int k = topK == null ? router.defaultTopK(Collections.min(experts)) : topK;
            return Boolean.FALSE.equals(renormalise) ? new GatePolicy.Raw(k) : new GatePolicy.Renormalised(k);
        }
    }
}
