package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Mixture;

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
        Mixture kernels = tape.kernels().mixture();
        Tensor f = tape.tensor(Shape.of(experts));
        return tape.op("balance loss")
                .differentiable(p)
                .constant("selection", selected)
                .saves(f)
                .forward(
                        Shape.of(1),
                        (v, loss) -> kernels.balance(tokens, experts, k, v.of(p), v.of(selected), v.of(f), loss))
                // f is a count and carries no gradient: dp_te = dL E f_e / T
                .backward((v, dLoss, d) -> kernels.balanceGrad(tokens, experts, v.of(f), dLoss, d.of(p)));
    }
}
