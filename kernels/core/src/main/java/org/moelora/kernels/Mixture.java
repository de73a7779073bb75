package org.moelora.kernels;

import org.jspecify.annotations.Nullable;

/**
 * Routing over experts, the gated low-rank intermediate, and the two losses of MoELoRA (Luo et al. 2024, arXiv 2402.12851).
 * T tokens, E experts, k chosen per token, rank r of one expert; {@code p [T, E]} are the router's probabilities, {@code selected
 * [T, k]} (I32) the chosen experts of each token in ascending order, {@code g [T, E]} the gate values, zero where not selected.
 */
public interface Mixture {
    /** Pairs with a smaller gate take no part in {@link #gatedContrast}. */
    float LEAST_GATE = 1e-6f;

    /**
     * {@code S_t} = the k largest of {@code p_t}, of equals the lower expert; for e in S_t {@code g_te = p_te / Z_t}, {@code Z_t = sum_{j
     * in S_t} p_tj}, or {@code g_te = p_te} when not renormalised; else 0.
     */
    default void topK(int tokens, int experts, int k, boolean renormalise, Memory p, Memory selected, Memory g) {
        topK(tokens, experts, k, renormalise, p, null, selected, g);
    }

    /**
     * The same with {@code S_t} = the k largest of {@code p_t + bias}, added in single precision. The bias decides who is chosen; the gates and their
     * gradient, {@link #topKGrad}, are those of p.
     *
     * @param bias [E], or null for none
     */
    void topK(
            int tokens,
            int experts,
            int k,
            boolean renormalise,
            Memory p,
            @Nullable Memory bias,
            Memory selected,
            Memory g);

    /**
     * For e in S_t {@code dp_te (+)= (dg_te - sum_{j in S_t} g_tj dg_tj) / Z_t}, or {@code dg_te} when not renormalised; else (+)= 0.
     */
    void topKGrad(
            int tokens,
            int experts,
            int k,
            boolean renormalise,
            Memory p,
            Memory selected,
            Memory g,
            Memory dg,
            Sink dp);

    /**
     * Experts above a threshold of the token's own (AdaMoLE, Liu and Luo 2024, arXiv 2405.00361, 3.2): with {@code m_te = max(0, p_te - threshold_t)},
     * {@code g_te = m_te / sum_j m_tj}, or 0 for a token whose experts all lie below.
     *
     * @param threshold [T]
     */
    void threshold(int tokens, int experts, Memory p, Memory threshold, Memory g);

    /**
     * With {@code Z_t = sum_j m_tj} and {@code dm_te = (dg_te - sum_j g_tj dg_tj) / Z_t} where {@code m_te > 0}, else 0: {@code dp_te (+)= dm_te},
     * {@code dThreshold_t (+)= -sum_e dm_te}.
     */
    void thresholdGrad(
            int tokens, int experts, Memory p, Memory threshold, Memory g, Memory dg, Sink dp, Sink dThreshold);

    /** {@code v_te = g_te u_te} with {@code u, v [T, E r]}: expert e owns columns {@code e r .. (e + 1) r}. v may be u. */
    void gate(int tokens, int experts, int rank, Memory u, Memory g, Memory v);

    /** {@code du_te (+)= g_te dv_te}, {@code dg_te (+)= <dv_te, u_te>}; du may be dv, if not accumulating. */
    void gateGrad(int tokens, int experts, int rank, Memory u, Memory g, Memory dv, Sink du, Sink dg);

    /**
     * Load balance: {@code load_e} = share of the T k selections that went to e, {@code loss_0 = E sum_e load_e mean_t p_te}.
     *
     * @param load [E]
     * @param loss [1]
     */
    void balance(int tokens, int experts, int k, Memory p, Memory selected, Memory load, Memory loss);

    /** {@code dp_te (+)= dLoss_0 E load_e / T}; the load carries no gradient. */
    void balanceGrad(int tokens, int experts, Memory load, Memory dLoss, Sink dp);

    /**
     * Certain per token and balanced over tokens: {@code mean_e = mean_t p_te}, {@code loss_0 = mean_t H(p_t) - H(mean) = -1/T sum_te p_te (log p_te - log
     * mean_e)} in nats, 0 without tokens. Logarithms are of at least {@code 1e-12}.
     *
     * @param mean [E]
     * @param loss [1]
     */
    void mutualInformation(int tokens, int experts, Memory p, Memory mean, Memory loss);

    /** {@code dp_te (+)= dLoss_0 (log mean_e - log p_te) / T}, with logarithms as in {@link #mutualInformation}. */
    void mutualInformationGrad(int tokens, int experts, Memory p, Memory mean, Memory dLoss, Sink dp);

    /**
     * Selected pairs in rank space. Pair q stands for token {@code q / k} and its expert {@code selected[q]}; row n of {@code uPairs [N, E r]}
     * holds {@code u_te} of pair {@code pairs[n]} in the columns of its expert and zeros elsewhere; {@code expertOf[n]} (I32) is its expert.
     *
     * @param pairs I32 [N], or null for all pairs, {@code N = T k}
     */
    void selectPairs(
            int pairCount,
            int experts,
            int rank,
            int k,
            @Nullable Memory pairs,
            Memory selected,
            Memory u,
            Memory uPairs,
            Memory expertOf);

    /** Backward of {@link #selectPairs}: {@code du_te (+)= dUPairs_n} on the columns of the pair's own expert, (+)= 0 elsewhere; pairs are distinct. */
    void selectPairsGrad(
            int pairCount,
            int experts,
            int rank,
            int k,
            @Nullable Memory pairs,
            Memory selected,
            Memory dUPairs,
            Sink du);

    /**
     * Supervised contrastive loss over expert outputs given their inner products {@code s [N, N]}. With {@code n_i = sqrt(s_ii + eps^2)},
     * {@code cos_ij = s_ij / (n_i n_j)}, P(i) the other pairs of i's expert and A the anchors with a non-empty P(i):
     * {@code loss = mean_{i in A} -1/|P(i)| sum_{p in P(i)} (cos_ip / tau - log sum_{a != i} exp(cos_ia / tau))}, 0 without anchors.
     *
     * <p>Also writes the symmetric {@code d [N, N]} that maps outputs to their gradients, {@code dv = d v}. With
     * {@code G_ia = [i in A] (softmax_ia - [a in P(i)] / |P(i)|) / (|A| tau)} for {@code a != i} and {@code C = G + G^T}:
     * {@code d_ij = C_ij / (n_i n_j)} for {@code i != j} and {@code d_ii = -sum_j C_ij cos_ij / n_i^2}. d may be s.
     *
     * @param expertOf I32 [N]
     * @param loss [1]
     */
    void contrast(int pairCount, float tau, float eps, Memory s, Memory expertOf, Memory loss, Memory d);

    /**
     * The supervised contrastive loss in which a pair counts as much as its gate, as an anchor, as a positive and among the others: with {@code g_i} the gate of pair i,
     * {@code W_i = sum_{p in P(i)} g_p}, {@code Z_i = sum_{a != i} g_a exp(cos_ia / tau)}, {@code Gamma = sum_{i in A} g_i} and m the mean gate of the pairs that take part,
     * {@code l_i = log(Z_i / m) - 1/W_i sum_{p in P(i)} g_p cos_ip / tau} and {@code loss = 1/Gamma sum_{i in A} g_i l_i}, 0 without anchors. Only ratios of gates
     * matter, and equal gates make it {@link #contrast}. Pairs with a gate below {@link #LEAST_GATE} take no part; their gradients are 0.
     *
     * <p>Also writes the symmetric d of {@link #contrast}, here with {@code G_ia = [i in A] g_i / (Gamma tau) (g_a exp(cos_ia / tau) / Z_i - [a in P(i)] g_a / W_i)},
     * and the gradient in the gates, for n pairs that take part
     * {@code dg_j = [j in A] (l_j - loss) / Gamma + sum_{i in A, i != j} g_i / Gamma (exp(cos_ij / tau) / Z_i - [j in P(i)] (cos_ij / tau - mean_i) / W_i) - 1 / (n m)}
     * with {@code mean_i = 1/W_i sum_{p in P(i)} g_p cos_ip / tau}.
     *
     * @param expertOf I32 [N]
     * @param gates [N, E], the gate of each pair in the column of its expert, as {@link #selectPairs} of rank 1 leaves them
     * @param loss [1]
     * @param d [N, N]; may be s
     * @param dGates [N, E], the gradient of each pair's gate in the column of its expert and zeros elsewhere
     */
    void gatedContrast(
            int pairCount,
            int experts,
            float tau,
            float eps,
            Memory s,
            Memory expertOf,
            Memory gates,
            Memory loss,
            Memory d,
            Memory dGates);

    /**
     * A contrastive loss within each token (CoMoE, Feng et al. 2025, arXiv 2505.17553), given the inner products {@code s_t [E, E]} of all its experts'
     * outputs. With cos as in {@link #contrast}, anchors i and positives p from S_t and negatives from the experts outside of it:
     * {@code loss = 1 / (T k (k - 1)) sum_t sum_{i in S_t} sum_{p in S_t, p != i} -log(exp(cos_ip / tau) / (exp(cos_ip / tau) + sum_{a not in S_t}
     * exp(cos_ia / tau)))}, 0 for {@code k < 2}.
     *
     * <p>Also writes the symmetric {@code d_t [E, E]} that maps a token's outputs to their gradients, as in {@link #contrast}; with
     * {@code w_ip = exp(cos_ip / tau) / (exp(cos_ip / tau) + sum_a exp(cos_ia / tau))}, G is {@code (w_ip - 1) / (T k (k - 1) tau)} at (i, p) and the sum over p of
     * {@code (1 - w_ip) exp(cos_ia / tau) / sum_b exp(cos_ib / tau) / (T k (k - 1) tau)} at (i, a). d may be s.
     *
     * @param selected I32 [T, k], ascending in each token
     * @param s [T, E, E]
     * @param loss [1]
     */
    void tokenContrast(
            int tokens, int experts, int k, float tau, float eps, Memory s, Memory selected, Memory loss, Memory d);
}
