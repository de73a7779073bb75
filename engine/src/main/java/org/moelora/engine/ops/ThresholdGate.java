package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Mixture;

/**
 * Experts above a threshold of each token's own (AdaMoLE, Liu and Luo 2024, arXiv 2405.00361, section 3.2): with
 * {@code m_te = max(0, p_te - tau_t)}, {@code g_te = m_te / sum_j m_tj}. A token whose experts all lie below has {@code g = 0}.
 */
public final class ThresholdGate {
    private ThresholdGate() {}

    /**
     * @param p [T, E]
     * @param tau thresholds [T, 1]
     * @return g [T, E]
     */
    public static Tensor apply(Tape tape, Tensor p, Tensor tau) {
        int tokens = p.shape().rows();
        int experts = p.shape().cols();
        if (tau.shape().size() != tokens) {
            throw new IllegalArgumentException(tokens + " tokens with thresholds " + tau.shape());
        }
        Mixture kernels = tape.kernels().mixture();
        return tape.op("threshold")
                .differentiable(p, tau)
                .reads(p, tau)
                .readsOutput()
                .forward(p.shape(), (v, g) -> kernels.threshold(tokens, experts, v.of(p), v.of(tau), g))
                // As for renormalised top-k with m in the place of p: dm_te = [m_te > 0] (dg_te - sum_j g_tj dg_tj) /
                // sum_j m_tj.
                // dp_te = dm_te, dtau_t = -sum_e dm_te. Which experts lie above has no gradient.
                .backward((v, dg, d) ->
                        kernels.thresholdGrad(tokens, experts, v.of(p), v.of(tau), v.output(), dg, d.of(p), d.of(tau)));
    }
}
