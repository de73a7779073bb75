package org.moelora.adapter;

import java.util.List;
import org.moelora.engine.InputException;
import org.moelora.engine.Shape;

/** What a gate looks at when it chooses experts: the token itself, or the prompt of the token's row. */
public sealed interface Router {
    /** What {@code router} says in {@code adapter_config.json}, and the flag {@code --router}. */
    String id();

    /** Which linears one router decides for. */
    enum Share {
        /** Every adapted linear has its own. */
        LINEAR("linear"),
        /** The adapted linears of a block that read the same input have one: q, k and v; gate and up. */
        INPUT("input");

        private final String id;

        Share(String id) {
            this.id = id;
        }

        /** What files and flags call it. */
        public String id() {
            return id;
        }
    }

    /** Which adapted linears have one router. */
    default Share share() {
        return Share.LINEAR;
    }

    /**
     * How many experts a gate of top-k chooses unless k is set.
     *
     * @param experts of a linear
     */
    default int defaultTopK(int experts) {
        return 2;
    }

    /** Fixed vectors that an adapter keeps on a linear beside what it trains. */
    default List<GateParameter> statistics(LinearSite site) {
        return List.of();
    }

    /** {@code p_t = softmax(W_g x_t)}: every token chooses for itself, on every linear (MoELoRA, Luo et al. 2024, arXiv 2402.12851). */
    record Token() implements Router {
        @Override
        public String id() {
            return "token";
        }
    }

    /**
     * One choice per row and linear, made from the prompt: {@code p_r = softmax(W_g f_r)} for all tokens of row r, answer included, with
     *
     * <pre>
     * h_r = sum of x_t over the tokens of r's prompt, those before its first label
     * f_r = scale .* h_r / rms(h_r) - centre
     * </pre>
     *
     * <p>Linears that read the same input have the same f; with {@link Share#INPUT} they have one W_g too, and so one choice.
     *
     * <p>What all prompts have in common is most of h_r, and says nothing about the row; the centre takes it away. Both vectors are statistics of
     * training rows under the base, measured before the first step and kept with the adapter, so a choice does not depend on the other rows of a batch:
     * with c and v the mean and the mean square deviation of {@code h_r / rms(h_r)}, {@code scale = rms / sqrt(v)} in all components and
     * {@code centre = scale .* c}. No gradient goes through f. A row without a prompt has {@code f = 0}, equal shares; so has every row until the
     * statistics are measured. The choice can be made when the prompt is known and is kept while an answer is generated.
     *
     * @param rms of f over rows and components, above 0
     * @param share which linears have one router
     */
    record Prompt(double rms, Share share) implements Router {
        /** The default of rms. */
        public static final double RMS = 0.5;

        static final String SCALE = "moe_scale";
        static final String CENTRE = "moe_centre";

        /**
         * @throws InputException if rms is out of range
         */
        public Prompt {
            AdapterSettings.ROUTER_RMS.check(rms);
        }

        /** With a router for each linear. */
        public Prompt(double rms) {
            this(rms, Share.LINEAR);
        }

        /** With the usual rms. */
        public Prompt() {
            this(RMS);
        }

        @Override
        public String id() {
            return "prompt";
        }

        /** Half of the experts, and 2 at least: what a prompt chooses is made once, so more of them cost a token nothing. */
        @Override
        public int defaultTopK(int experts) {
            return Math.max(2, experts / 2);
        }

        @Override
        public List<GateParameter> statistics(LinearSite site) {
            return List.of(
                    new GateParameter(SCALE, "moe_gate.scale", Shape.of(site.in()), 0),
                    new GateParameter(CENTRE, "moe_gate.centre", Shape.of(site.in()), 0));
        }
    }
}
