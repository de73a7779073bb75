package org.moelora.engine.ops;

import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Mixture;

/**
 * Certain per token and balanced over tokens: {@code L = mean_t H(p_t) - H(mean_t p_t) = -1/T sum_t KL(p_t || mean p)} in nats, the negative mutual
 * information of token and expert. 0 where all tokens have the same p, {@code -log E} where every token is sure of one expert and the experts share the
 * tokens equally.
 */
public final class MutualInformationLoss {
    private MutualInformationLoss() {}

    /**
     * @param p [T, E], probabilities; needs no selection, so it works for dense gates too
     * @return [1]
     */
    public static Tensor apply(Tape tape, Tensor p) {
        int tokens = p.shape().rows();
        int experts = p.shape().cols();
        Mixture kernels = tape.kernels().mixture();
        Tensor mean = tape.tensor(Shape.of(experts));
        return tape.op("mutual information loss")
                .differentiable(p)
                .reads(p)
                .saves(mean)
                .forward(
                        Shape.of(1), (v, loss) -> kernels.mutualInformation(tokens, experts, v.of(p), v.of(mean), loss))
                // The terms with a derivative of a logarithm cancel: dp_te = dL (log mean_e - log p_te) / T
                .backward((v, dLoss, d) ->
                        kernels.mutualInformationGrad(tokens, experts, v.of(p), v.of(mean), dLoss, d.of(p)));
    }
}
