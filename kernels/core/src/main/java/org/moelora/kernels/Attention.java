package org.moelora.kernels;

/**
 * Causal grouped-query attention over ragged rows (Vaswani et al. 2017, arXiv 1706.03762; Ainslie et al. 2023, arXiv
 * 2305.13245). Query head h reads key/value head {@code h / (heads / kvHeads)}.
 */
public interface Attention {
    /**
     * Heads and rows of one call.
     *
     * @param heads query heads, a multiple of {@code kvHeads}
     * @param kvHeads key/value heads
     * @param headDim width of one head
     * @param scale factor on the scores, usually {@code 1 / sqrt(headDim)}
     * @param window the most keys that a query sees, itself and those before it (sliding-window attention, Jiang et al. 2023, arXiv
     *     2310.06825, 2); {@link #UNLIMITED} for all
     * @param rows which query rows look at which key rows
     */
    record Plan(int heads, int kvHeads, int headDim, float scale, int window, Ragged rows) {
        /** A window that hides no key. */
        public static final int UNLIMITED = Integer.MAX_VALUE;

        /** Every query sees all keys before it. */
        public Plan(int heads, int kvHeads, int headDim, float scale, Ragged rows) {
            this(heads, kvHeads, headDim, scale, UNLIMITED, rows);
        }

        public Plan {
            if (heads <= 0 || kvHeads <= 0 || headDim <= 0 || heads % kvHeads != 0) {
                throw new IllegalArgumentException(
                        heads + " heads of " + headDim + " on " + kvHeads + " key/value heads; expected a multiple");
            }
            if (window < 1) {
                throw new IllegalArgumentException("a window of " + window + " keys; expected at least 1");
            }
        }

        /** Query rows, all their heads: rows of logSumExp times its columns. */
        public long queryHeads() {
            return (long) rows.queries() * heads;
        }

        /** Numbers in q, o and their gradients. */
        public long queryNumbers() {
            return queryHeads() * headDim;
        }

        /** Numbers in k, v and their gradients. */
        public long keyNumbers() {
            return (long) rows.keyRows() * kvHeads * headDim;
        }
    }

    /**
     * What attention reads.
     *
     * @param q [queries, heads * headDim]
     * @param k [key rows, kvHeads * headDim]
     * @param v [key rows, kvHeads * headDim]
     */
    record Inputs(Memory q, Memory k, Memory v) {}

    /** Gradients of {@link Inputs}, of the same shapes, each of them overwritten or absent. */
    record Gradients(Sink dq, Sink dk, Sink dv) {
        /**
         * @throws IllegalArgumentException if one is to be added to, for which sums would have to be made in another order
         */
        public Gradients {
            if (dq.adds() || dk.adds() || dv.adds()) {
                throw new IllegalArgumentException(
                        "attention overwrites its gradients; expected memory or absent sinks");
            }
        }
    }

    /**
     * With {@code s_ij = scale <q_i, k_j>} over the keys j that query i sees, the last {@code window} of those up to its own: {@code p_i = softmax(s_i)}, {@code o_i = sum_j p_ij v_j}.
     *
     * @param o [queries, heads * headDim]
     * @param logSumExp [queries, heads]: {@code log sum_j exp(s_ij)}, kept for the backward pass
     */
    void forward(Plan plan, Inputs in, Memory o, Memory logSumExp);

    /**
     * With {@code p_ij = exp(s_ij - logSumExp_i)} and {@code delta_i = <do_i, o_i>}: {@code ds_ij = p_ij (<do_i, v_j> - delta_i)},
     * {@code dq_i = scale sum_j ds_ij k_j}, {@code dk_j = scale sum_i ds_ij q_i}, {@code dv_j = sum_i p_ij do_i}. Key rows that no sequence owns are left as they are. Sequences must not share key rows.
     */
    void backward(Plan plan, Inputs in, Memory o, Memory logSumExp, Memory dO, Gradients gradients);
}
