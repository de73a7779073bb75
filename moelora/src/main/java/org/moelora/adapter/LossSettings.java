package org.moelora.adapter;

import org.moelora.engine.InputException;
import org.moelora.settings.Kind;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.settings.SettingTable;
import org.moelora.settings.Settings;

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
    }

    private static final SettingTable<LossSettings> TABLE = new SettingTable<>();

    public static final Setting<LossSettings, Double> BALANCE_WEIGHT = TABLE.add(Setting.of(
            "balance-weight",
            Kind.from(0),
            LossSettings::balanceWeight,
            0.01,
            "Weight of the load-balance loss: {}.",
            Part.MIXTURE));

    public static final Setting<LossSettings, Balance> BALANCE = TABLE.add(Setting.of(
                    "balance",
                    Kind.oneOf(Balance::id, Balance.values()),
                    LossSettings::balance,
                    Balance.SWITCH,
                    "What balances the experts' loads: {} (default); mutual-information, a loss for equal loads and sure choices, for"
                            + " all gates; bias, no loss: experts are chosen by p + b, and b follows the loads.",
                    Part.MIXTURE)
            .whereUnusual());

    public static final Setting<LossSettings, Double> CONTRAST_WEIGHT = TABLE.add(Setting.of(
            "contrast-weight",
            Kind.from(0),
            LossSettings::contrastWeight,
            0.01,
            "Weight of the contrastive loss: {}.",
            Part.MIXTURE));

    public static final Setting<LossSettings, Double> CONTRAST_TEMPERATURE = TABLE.add(Setting.of(
            "contrast-temperature",
            Kind.above(0),
            LossSettings::contrastTemperature,
            0.1,
            "Temperature of the contrastive loss: {}.",
            Part.MIXTURE));

    public static final Setting<LossSettings, Integer> MAX_PAIRS = TABLE.add(Setting.of(
            "max-pairs",
            Kind.whole(2, Integer.MAX_VALUE),
            LossSettings::maxPairs,
            512,
            "Most pairs of token and expert that the contrastive loss compares per linear: {}.",
            Part.MIXTURE));

    public static final Setting<LossSettings, Contrast> CONTRAST = TABLE.add(Setting.of(
                    "contrast",
                    Kind.oneOf(Contrast::id, Contrast.values()),
                    LossSettings::contrast,
                    Contrast.SUPERVISED,
                    "What the contrastive loss compares: {} (default), outputs of one expert with those of others; token, a"
                            + " token's selected experts with its others; gated, as supervised but each by its gate, which"
                            + " learns from it too, for all gates.",
                    Part.MIXTURE)
            .whereUnusual());

    public static final Setting<LossSettings, Double> TASK_WEIGHT = TABLE.add(Setting.of(
                    "task-weight",
                    Kind.from(0),
                    LossSettings::taskWeight,
                    0.0,
                    "Weight of the loss by which the tasks that rows name teach a router of prompts to tell them apart: {} (off)."
                            + " Rows without a task take no part.",
                    Part.MIXTURE)
            .whereUnusual());

    /** All of them. */
    public static final Settings<LossSettings> SETTINGS = TABLE.madeBy(said -> new LossSettings(
            said.get(BALANCE_WEIGHT),
            said.get(CONTRAST_WEIGHT),
            said.get(CONTRAST_TEMPERATURE),
            said.get(MAX_PAIRS),
            said.get(CONTRAST),
            said.get(BALANCE),
            said.get(TASK_WEIGHT)));

    /** This project's reading of the paper. */
    public static final LossSettings DEFAULT = SETTINGS.defaults();

    /** For LoRA, which has nothing to balance or to contrast. */
    public static final LossSettings NONE = new LossSettings(0, 0, DEFAULT.contrastTemperature, DEFAULT.maxPairs);

    /**
     * @throws InputException if a value is out of range
     */
    public LossSettings {
        BALANCE_WEIGHT.check(balanceWeight);
        if (balance == Balance.BIAS && balanceWeight != 0) {
            throw new InputException("balance-weight is " + balanceWeight
                    + ", and the balance bias is not a loss that it could weigh; set balance-weight to 0");
        }
        CONTRAST_WEIGHT.check(contrastWeight);
        CONTRAST_TEMPERATURE.check(contrastTemperature);
        TASK_WEIGHT.check(taskWeight);
        MAX_PAIRS.check(maxPairs);
    }

    /** With the contrastive loss of MoELoRA, the load balance of Switch and no loss of the tasks' names. */
    public LossSettings(double balanceWeight, double contrastWeight, double contrastTemperature, int maxPairs) {
        this(balanceWeight, contrastWeight, contrastTemperature, maxPairs, Contrast.SUPERVISED, Balance.SWITCH, 0);
    }

    /** The same with another value of a setting. */
    public <T> LossSettings with(Setting<LossSettings, T> setting, T value) {
        return SETTINGS.with(this, setting, value);
    }

    /** The same with another beta. */
    public LossSettings withContrastWeight(double other) {
        return new LossSettings(balanceWeight, other, contrastTemperature, maxPairs, contrast, balance, taskWeight);
    }

    /** The same with another balance. */
    public LossSettings withBalance(double weight, Balance other) {
        return new LossSettings(weight, contrastWeight, contrastTemperature, maxPairs, contrast, other, taskWeight);
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
                    + "; choose top-k or top-k-raw with a bias, or another balance");
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
