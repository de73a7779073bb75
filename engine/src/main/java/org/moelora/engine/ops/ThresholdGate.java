package org.moelora.engine.ops;

import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Memory;

/**
 * Experts above a threshold of each token's own (AdaMoLE, Liu and Luo 2024, arXiv 2405.00361, section 3.2): with
 * {@code m_te = max(0, p_te - tau_t)}, {@code g_te = m_te / sum_j m_tj}. A token whose experts all lie below has {@code g = 0}.
 */
public final class ThresholdGate {
    private ThresholdGate() {}

    /**
     * @param p [T, E]
     * @param threshold tau [T, 1]
     * @return g [T, E]
     */
    public static Tensor apply(Tape tape, Tensor p, Tensor threshold) {
        int tokens = p.shape().rows();
        int experts = p.shape().cols();
        if (threshold.shape().size() != tokens) {
            throw new IllegalArgumentException(tokens + " tokens with thresholds " + threshold.shape());
        }
        boolean records = tape.records(p, threshold);
        Tensor gate = tape.tensor(records, p.shape());
        tape.kernels().mixture().threshold(tokens, experts, p.memory(), threshold.memory(), gate.memory());
        if (records) {
            tape.record("threshold", gate, () -> backward(tape, p, threshold, gate), p, threshold, gate);
        }
        return gate;
    }

    /**
     * As for renormalised top-k, with m in the place of p: {@code dm_te = [m_te > 0] (dg_te - sum_j g_tj dg_tj) / sum_j m_tj}. Then
     * {@code dp_te = dm_te} and {@code dtau_t = -sum_e dm_te}. Which experts lie above has no gradient.
     */
    private static void backward(Tape tape, Tensor p, Tensor threshold, Tensor gate) {
        Tape.Grad dp = tape.grad(p);
        Tape.Grad dThreshold = tape.grad(threshold);
        // The kernel computes both; what nobody wants goes to scratch.
        try (Memory unwantedP = tape.scratch(dp == null ? p.shape().size() : 0);
                Memory unwantedThreshold =
                        tape.scratch(dThreshold == null ? threshold.shape().size() : 0)) {
            tape.kernels()
                    .mixture()
                    .thresholdGrad(
                            p.shape().rows(),
                            p.shape().cols(),
                            p.memory(),
                            threshold.memory(),
                            gate.memory(),
                            tape.gradOf(gate),
                            dp == null ? unwantedP : dp.memory(),
                            dp != null && dp.accumulate(),
                            dThreshold == null ? unwantedThreshold : dThreshold.memory(),
                            dThreshold != null && dThreshold.accumulate());
        }
    }
}
