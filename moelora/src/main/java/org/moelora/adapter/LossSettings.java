package org.moelora.adapter;

import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;

/**
 * The losses of a mixture beside the language model's: {@code L = L_lm + balanceWeight mean L_bal + contrastWeight mean L_con + taskWeight mean L_task}, means
 * over linears and routers. Balance and contrast are defined over the k experts that each token selects. A gate that selects otherwise, or not at all, allows
 * {@link Balance#MUTUAL_INFORMATION}, which needs only probabilities, and {@link Contrast#GATED}.
 *
 * @param balanceWeight alpha_b; 0 leaves the loss out
 * @param contrastWeight beta, after its warm-up; 0 leaves the loss out
 * @param contrastTemperature tau
 * @param maxPairs most (token, expert) pairs that are compared per module; more are sampled
 * @param contrast what is compared with what
 * @param balance what makes loads equal
 * @param taskWeight of the loss by which the names of the rows' tasks teach a router of prompts ({@link TaskHeads}); 0 leaves it out. Rows without a task take
 *     no part, and nothing needs a name when the adapter answers
 */
public record LossSettings(
        double balanceWeight,
        double contrastWeight,
        double contrastTemperature,
        int maxPairs,
        Contrast contrast,
        Balance balance,
        double taskWeight) {
    /** What keeps experts from being left out. */
    public enum Balance {
        /** {@code E sum_e f_e mean_t p_te}, f_e the share of selections of e (Fedus et al. 2021, arXiv 2101.03961). */
        SWITCH("switch"),
        /** {@code mean_t H(p_t) - H(mean_t p_t)}: equal shares over tokens, and a sure choice for each of them. */
        MUTUAL_INFORMATION("mutual-information"),
        /**
         * No loss: experts are chosen by {@code p + b}, and after each step {@code b_e += 0.001 sign(mean load - load_e)} (Wang et al. 2024, arXiv 2408.15664). The
         * gate has to be {@link GatePolicy#biased}.
         */
        BIAS("bias");

        private final String id;

        Balance(String id) {
            this.id = id;
        }

        /** What files and flags call it. */
        public String id() {
            return id;
        }

        /**
         * @throws InputException if no such name exists
         */
        public static Balance of(String id) {
            for (Balance balance : values()) {
                if (balance.id.equals(id)) {
                    return balance;
                }
            }
            throw new InputException("balance is \"" + id + "\"; expected switch, mutual-information or bias"
                    + Spelling.suggestion(id, List.of("switch", "mutual-information", "bias")));
        }
    }

    /** Which outputs are alike and which are not. */
    public enum Contrast {
        /** Outputs of one expert are positives, those of others negatives, over tokens (MoELoRA, arXiv 2402.12851). */
        SUPERVISED("supervised"),
        /** Outputs of the experts that a token selected are positives, those of its others negatives (CoMoE, arXiv 2505.17553). */
        TOKEN("token"),
        /**
         * As SUPERVISED, with outputs that count as much as their gates, so that the gates have a gradient too. Under a gate that selects otherwise, or not at all, it compares
         * the outputs of all experts.
         */
        GATED("gated");

        private final String id;

        Contrast(String id) {
            this.id = id;
        }

        /** What files and flags call it. */
        public String id() {
            return id;
        }

        /**
         * @throws InputException if no such name exists
         */
        public static Contrast of(String id) {
            for (Contrast contrast : values()) {
                if (contrast.id.equals(id)) {
                    return contrast;
                }
            }
            throw new InputException("contrast is \"" + id + "\"; expected supervised, token or gated"
                    + Spelling.suggestion(id, List.of("supervised", "token", "gated")));
        }
    }

    /** Both weights 0.01, temperature 0.1, 512 pairs: this project's reading of the paper. */
    public static final LossSettings DEFAULT = new LossSettings(0.01, 0.01, 0.1, 512);

    /** For LoRA, which has nothing to balance or to contrast. */
    public static final LossSettings NONE = new LossSettings(0, 0, 0.1, 512);

    /**
     * @throws InputException if a value is out of range
     */
    public LossSettings {
        if (!(balanceWeight >= 0 && balanceWeight < Double.POSITIVE_INFINITY)) {
            throw new InputException("balance-weight is " + balanceWeight + "; expected a finite number, 0 or more");
        }
        if (balance == Balance.BIAS && balanceWeight != 0) {
            throw new InputException("balance-weight is " + balanceWeight
                    + ", and the balance bias is no loss that could be weighed; expected 0");
        }
        if (!(contrastWeight >= 0 && contrastWeight < Double.POSITIVE_INFINITY)) {
            throw new InputException("contrast-weight is " + contrastWeight + "; expected a finite number, 0 or more");
        }
        if (!(contrastTemperature > 0 && contrastTemperature < Double.POSITIVE_INFINITY)) {
            throw new InputException(
                    "contrast-temperature is " + contrastTemperature + "; expected a finite number above 0");
        }
        if (!(taskWeight >= 0 && taskWeight < Double.POSITIVE_INFINITY)) {
            throw new InputException("task-weight is " + taskWeight + "; expected a finite number, 0 or more");
        }
        if (maxPairs < 2) {
            throw new InputException("max-pairs is " + maxPairs + "; expected at least 2");
        }
    }

    /** Without the loss of the tasks' names. */
    public LossSettings(
            double balanceWeight,
            double contrastWeight,
            double contrastTemperature,
            int maxPairs,
            Contrast contrast,
            Balance balance) {
        this(balanceWeight, contrastWeight, contrastTemperature, maxPairs, contrast, balance, 0);
    }

    /** With the load balance of Switch. */
    public LossSettings(
            double balanceWeight, double contrastWeight, double contrastTemperature, int maxPairs, Contrast contrast) {
        this(balanceWeight, contrastWeight, contrastTemperature, maxPairs, contrast, Balance.SWITCH);
    }

    /** With MoELoRA's contrastive loss. */
    public LossSettings(double balanceWeight, double contrastWeight, double contrastTemperature, int maxPairs) {
        this(balanceWeight, contrastWeight, contrastTemperature, maxPairs, Contrast.SUPERVISED);
    }

    /** The same with another beta. */
    public LossSettings withContrastWeight(double other) {
        return new LossSettings(balanceWeight, other, contrastTemperature, maxPairs, contrast, balance, taskWeight);
    }

    /** The same with another balance. */
    public LossSettings withBalance(double weight, Balance other) {
        return new LossSettings(weight, contrastWeight, contrastTemperature, maxPairs, contrast, other, taskWeight);
    }

    /** The same with another weight of the loss of the tasks' names. */
    public LossSettings withTaskWeight(double other) {
        return new LossSettings(balanceWeight, contrastWeight, contrastTemperature, maxPairs, contrast, balance, other);
    }

    /**
     * Refuses a loss within tokens where a token has no positives or no negatives, a gated one where there is no gate, the balance bias where the gate has
     * none, and the tasks' names where no router chooses by row.
     *
     * @throws InputException if it has
     */
    public void check(AdapterConfig config) {
        GatePolicy gate = config.gate();
        if (balance == Balance.BIAS && (gate == null || !gate.biased())) {
            throw new InputException("the balance bias moves the bias of a gate that chooses k experts by p + b, and "
                    + (gate == null ? "there is no gate" : "the gate " + gate.id() + " has none")
                    + "; expected top-k or top-k-raw with a bias");
        }
        if (contrastWeight > 0 && contrast == Contrast.GATED && gate == null) {
            throw new InputException(
                    "the contrast gated teaches the gates of experts, and there is no gate; expected a mixture of"
                            + " experts, or no contrastive loss");
        }
        if (taskWeight > 0 && (gate == null || !(config.router() instanceof Router.Prompt))) {
            throw new InputException("task-weight is " + taskWeight
                    + ", and the names of tasks teach a router that chooses once per row; expected the router prompt, not "
                    + (gate == null ? "an adapter without one" : config.router().id()) + ", or task-weight 0");
        }
        if (contrastWeight == 0 || contrast != Contrast.TOKEN || gate == null || gate.topK() == 0) {
            return;
        }
        int fewest = config.fewestExperts();
        if (gate.topK() < 2 || gate.topK() >= fewest) {
            throw new InputException("the contrastive loss within tokens compares a token's selected experts with its"
                    + " others, and top-k is " + gate.topK() + " of " + fewest
                    + " experts; expected top-k of at least 2"
                    + " and fewer than the experts");
        }
    }
}
