package org.moelora.adapter;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * LoRA (Hu et al. 2021, arXiv 2106.09685): {@code y = W0 x + s B A x}.
 *
 * @param rank r, from 1
 * @param alpha numerator of the scale
 * @param rankStabilised whether {@code s = alpha / sqrt(r)} instead of {@code alpha / r}
 * @param dropout on the adapter's path, in [0, 1)
 * @param targets last parts of the names of the adapted linears
 */
public record LoraConfig(int rank, double alpha, boolean rankStabilised, double dropout, List<String> targets)
        implements AdapterConfig {
    /**
     * @throws InputException if a value is out of range
     */
    public LoraConfig {
        targets = List.copyOf(targets);
        AdapterConfig.check(rank, alpha, dropout, targets);
    }

    @Override
    public String method() {
        return "lora";
    }

    @Override
    public int experts() {
        return 1;
    }

    @Override
    public @Nullable GatePolicy gate() {
        return null;
    }

    @Override
    public double scale() {
        return rankStabilised ? alpha / Math.sqrt(rank) : alpha / rank;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Rank 8, alpha 16, no dropout, on q_proj and v_proj, unless set. */
    public static final class Builder {
        private int rank = 8;
        private double alpha = 16;
        private boolean rankStabilised;
        private double dropout;
        private List<String> targets = List.of("q_proj", "v_proj");

        private Builder() {}

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

        public Builder dropout(double value) {
            dropout = value;
            return this;
        }

        public Builder targets(List<String> value) {
            targets = value;
            return this;
        }

        public LoraConfig build() {
            return new LoraConfig(rank, alpha, rankStabilised, dropout, targets);
        }
    }
}
