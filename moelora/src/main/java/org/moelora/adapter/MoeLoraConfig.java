package org.moelora.adapter;

import java.util.List;
import org.moelora.engine.InputException;

/**
 * MoELoRA (Luo et al. 2024, arXiv 2402.12851): {@code y = W0 x + s sum_e g_e(x) B_e A_e x}, sparse in e, per token and linear. The paper fixes
 * the method; the default numbers are this project's reading of it.
 *
 * @param experts E, from 2
 * @param topK k, experts per token, 1 to E
 * @param rank r of one expert, from 1
 * @param alpha numerator of the scale {@code s = alpha / r}
 * @param rankStabilised whether {@code s = alpha / sqrt(r)} instead
 * @param renormalise whether the chosen gates are scaled to add up to 1
 * @param dropout on the adapter's path, in [0, 1); the router sees its input whole
 * @param targets last parts of the names of the adapted linears
 */
public record MoeLoraConfig(
        int experts,
        int topK,
        int rank,
        double alpha,
        boolean rankStabilised,
        boolean renormalise,
        double dropout,
        List<String> targets)
        implements AdapterConfig {
    /**
     * @throws InputException if a value is out of range, or for top-1 with renormalisation, where every gate is 1 and the router would get no
     *     gradient from the language model's loss
     */
    public MoeLoraConfig {
        targets = List.copyOf(targets);
        AdapterConfig.check(rank, alpha, dropout, targets);
        if (experts < 2 || experts > 1024) {
            throw new InputException("experts is " + experts + "; expected 2 to 1024 (for one expert, use LoRA)");
        }
        if (topK < 1 || topK > experts) {
            throw new InputException("top-k is " + topK + "; expected 1 to the number of experts, " + experts);
        }
        if (topK == 1 && renormalise) {
            throw new InputException(
                    "top-k is 1 with renormalised gates, which makes every gate 1 and leaves the router"
                            + " without a gradient; expected top-k of at least 2, or the gate top-k-raw");
        }
    }

    @Override
    public String method() {
        return "moelora";
    }

    @Override
    public GatePolicy gate() {
        return renormalise ? new GatePolicy.Renormalised(topK) : new GatePolicy.Raw(topK);
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
        private int experts = 8;
        private int topK = 2;
        private int rank = 4;
        private double alpha = 8;
        private boolean rankStabilised;
        private boolean renormalise = true;
        private double dropout;
        private List<String> targets = List.of("q_proj", "v_proj");

        private Builder() {}

        public Builder experts(int value) {
            experts = value;
            return this;
        }

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

        public Builder dropout(double value) {
            dropout = value;
            return this;
        }

        public Builder targets(List<String> value) {
            targets = value;
            return this;
        }

        public MoeLoraConfig build() {
            return new MoeLoraConfig(experts, topK, rank, alpha, rankStabilised, renormalise, dropout, targets);
        }
    }
}
