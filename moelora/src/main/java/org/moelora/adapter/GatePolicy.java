package org.moelora.adapter;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.TopK;

/** The g of {@code y = W0 x + s sum_e g_e(x) B_e A_e x}: how a token's experts share it, given the router's probabilities. */
public sealed interface GatePolicy {
    /** What {@code routing_strategy} says in {@code adapter_config.json}, and the flag {@code --gate}. */
    String id();

    /**
     * @param p [T, E], the router's probabilities
     */
    TopK apply(Tape tape, Tensor p);

    /** The k most probable experts, sharing in proportion to their probabilities. */
    record Renormalised(int k) implements GatePolicy {
        @Override
        public String id() {
            return "top-k";
        }

        @Override
        public TopK apply(Tape tape, Tensor p) {
            return TopK.apply(tape, p, k, true);
        }
    }

    /** The k most probable experts, each weighted by its own probability. */
    record Raw(int k) implements GatePolicy {
        @Override
        public String id() {
            return "top-k-raw";
        }

        @Override
        public TopK apply(Tape tape, Tensor p) {
            return TopK.apply(tape, p, k, false);
        }
    }
}
