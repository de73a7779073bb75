package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/**
 * Load balance (Fedus, Zoph and Shazeer 2021, arXiv 2101.03961, section 2.2): {@code L = E sum_e f_e P_e}, f_e the share of selections that
 * went to e, P_e the mean of p_te over tokens. 1 when balanced, at most E / k.
 */
public final class BalanceLoss {
    private BalanceLoss() {}

    /**
     * @param p [T, E]
     * @param selected I32 [T, k]
     * @return [1]
     */
    public static Tensor apply(Tape tape, Tensor p, Tensor selected) {
        int tokens = p.shape().rows();
        int experts = p.shape().cols();
        int k = selected.shape().cols();
        boolean records = tape.records(p);
        Tensor loss = tape.tensor(records, Shape.of(1));
        Tensor load = tape.tensor(false, Shape.of(experts));
        tape.kernels()
                .mixture()
                .balance(tokens, experts, k, p.memory(), selected.memory(), load.memory(), loss.memory());
        if (records) {
            // f is a count and carries no gradient: dp_te = dL E f_e / T
            tape.record(
                    "balance loss",
                    loss,
                    () -> {
                        Tape.Grad dp = tape.grad(p);
                        if (dp != null) {
                            tape.kernels()
                                    .mixture()
                                    .balanceGrad(
                                            tokens,
                                            experts,
                                            load.memory(),
                                            tape.gradOf(loss),
                                            dp.memory(),
                                            dp.accumulate());
                        }
                    },
                    load);
        }
        return loss;
    }
}
