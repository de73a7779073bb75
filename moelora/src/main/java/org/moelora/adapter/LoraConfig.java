package org.moelora.adapter;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * LoRA (Hu et al. 2021, arXiv 2106.09685): {@code y = W0 x + s B A x}; or DoRA (Liu et al. 2024, arXiv 2402.09353), where the rows of {@code W0 + s B A}
 * also have trained magnitudes m: {@code y_o = m_o v_o x / |v_o|} with {@code V = W0 + s B A}.
 *
 * @param rank r, from 1
 * @param alpha numerator of the scale
 * @param rankStabilised whether {@code s = alpha / sqrt(r)} instead of {@code alpha / r}
 * @param dropout on the adapter's path, in [0, 1)
 * @param targets the adapted linears
 * @param rankPattern other ranks for some linears, by regular expressions on their names; the first that matches the end of a name counts
 * @param alphaPattern other alphas for some linears, likewise
 * @param dora whether it is DoRA
 */
public record LoraConfig(
        int rank,
        double alpha,
        boolean rankStabilised,
        double dropout,
        Targets targets,
        Map<String, Integer> rankPattern,
        Map<String, Double> alphaPattern,
        boolean dora)
        implements AdapterConfig {
    /**
     * @throws InputException if a value is out of range
     */
    public LoraConfig {
        rankPattern = NamePatterns.checked("rank_pattern", rankPattern);
        alphaPattern = NamePatterns.checked("alpha_pattern", alphaPattern);
        AdapterConfig.check(rank, alpha, dropout);
        for (int other : rankPattern.values()) {
            AdapterConfig.check(other, alpha, dropout);
        }
        for (double other : alphaPattern.values()) {
            AdapterConfig.check(rank, other, dropout);
        }
    }

    @Override
    public String method() {
        return dora ? "dora" : "lora";
    }

    @Override
    public LoraConfig with(Targets other) {
        return new LoraConfig(rank, alpha, rankStabilised, dropout, other, rankPattern, alphaPattern, dora);
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

    @Override
    public int rank(LinearSite site) {
        return NamePatterns.value("rank_pattern", rankPattern, site.name()).orElse(rank);
    }

    @Override
    public double alpha(LinearSite site) {
        return NamePatterns.value("alpha_pattern", alphaPattern, site.name()).orElse(alpha);
    }

    @Override
    public double scale(LinearSite site) {
        int r = rank(site);
        return rankStabilised ? alpha(site) / Math.sqrt(r) : alpha(site) / r;
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
        private Targets targets = Targets.of(List.of("q_proj", "v_proj"));
        private boolean dora;
        private Map<String, Integer> rankPattern = Map.of();
        private Map<String, Double> alphaPattern = Map.of();

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

        /** Linears by their names, or the ends of them. */
        public Builder targets(List<String> value) {
            return targets(Targets.of(value));
        }

        public Builder targets(Targets value) {
            targets = value;
            return this;
        }

        public Builder rankPattern(Map<String, Integer> value) {
            rankPattern = value;
            return this;
        }

        public Builder alphaPattern(Map<String, Double> value) {
            alphaPattern = value;
            return this;
        }

        /** Whether rows have trained magnitudes. */
        public Builder dora(boolean value) {
            dora = value;
            return this;
        }

        public LoraConfig build() {
            return new LoraConfig(rank, alpha, rankStabilised, dropout, targets, rankPattern, alphaPattern, dora);
        }
    }
}
