package org.moelora.kernels;

/** Kernels that treat a matrix {@code [rows, cols]} row by row, and sums over rows. All spans are F32 unless said otherwise. */
public interface Rows {
    /** {@code y_i = exp(x_i - max x) / sum_j exp(x_j - max x)} per row; y may be x. */
    void softmax(int rows, int cols, Memory x, Memory y);

    /** {@code dx (+)= y .* (dy - <y, dy>)} per row, with y the softmax; dx may be dy. */
    void softmaxGrad(int rows, int cols, Memory y, Memory dy, Sink dx);

    /**
     * RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467): {@code rstd_t = 1 / sqrt(mean_i x_ti^2 + eps)},
     * {@code y_ti = x_ti rstd_t weight_i}. {@code rstd [rows]} is kept for the backward pass. y may be x.
     */
    void rmsNorm(int rows, int cols, float eps, Memory x, Memory weight, Memory y, Memory rstd);

    /**
     * {@code dx_ti (+)= rstd_t (weight_i dy_ti - xhat_ti mean_j(weight_j dy_tj xhat_tj))} with {@code xhat = x rstd}.
     */
    void rmsNormGrad(int rows, int cols, Memory x, Memory weight, Memory rstd, Memory dy, Sink dx);

    /** {@code dWeight_i (+)= sum_t dy_ti x_ti rstd_t}. */
    void rmsNormWeightGrad(int rows, int cols, Memory x, Memory rstd, Memory dy, Sink dWeight);

    /**
     * LayerNorm (Ba, Kiros and Hinton 2016, arXiv 1607.06450): {@code mean_t = mean_i x_ti},
     * {@code rstd_t = 1 / sqrt(mean_i (x_ti - mean_t)^2 + eps)}, {@code y_ti = (x_ti - mean_t) rstd_t weight_i + bias_i}. y may be x.
     *
     * @param stats [rows, 2], mean and rstd of each row, kept for the backward pass
     */
    void layerNorm(int rows, int cols, float eps, Memory x, Memory weight, Memory bias, Memory y, Memory stats);

    /**
     * {@code dx_ti (+)= rstd_t (weight_i dy_ti - mean_j(weight_j dy_tj) - xhat_ti mean_j(weight_j dy_tj xhat_tj))} with
     * {@code xhat_ti = (x_ti - mean_t) rstd_t}.
     */
    void layerNormGrad(int rows, int cols, Memory x, Memory weight, Memory stats, Memory dy, Sink dx);

    /**
     * {@code y_ti (+)= x_ti} of matrices that are not transposed: cuts columns out of rows, or puts them back, which is the backward pass.
     *
     * @throws IllegalArgumentException if the shapes differ, or one is transposed
     */
    default void copy(Matrix x, Matrix y, boolean accumulate) {
        if (x.rows() != y.rows() || x.cols() != y.cols() || x.transposed() || y.transposed()) {
            throw new IllegalArgumentException(x + " cannot be copied to " + y);
        }
        copyRows(x, y, accumulate);
    }

    /** For devices: {@link #copy} of equal shapes. */
    void copyRows(Matrix x, Matrix y, boolean accumulate);

    /** {@code y_ti (+)= x_ti scale_i}; y may be x. It is its own backward pass in x. */
    void scaleColumns(int rows, int cols, Memory x, Memory scale, Sink y);

    /** {@code out_t (+)= <a_t, b_t>}, the inner product of each pair of rows; a may be b. */
    void rowDots(int rows, int cols, Memory a, Memory b, Sink out);

    /** {@code y_ti += bias_i}. */
    void addBias(int rows, int cols, Memory bias, Memory y);

    /** {@code out_i (+)= sum_t x_ti}: the backward pass of {@link #addBias} in the bias. */
    void columnSum(int rows, int cols, Memory x, Sink out);

    /**
     * Cosines and sines of rotary angles: with {@code angle = positions_t * frequencies_i} computed in double precision,
     * {@code table_t = [cos(angle_0) .. cos(angle_h-1), sin(angle_0) .. sin(angle_h-1)]}, {@code h = frequencies.length}.
     *
     * @param positions I32 [rows]
     * @param table [rows, 2 h]
     */
    void ropeTable(int rows, double[] frequencies, Memory positions, Memory table);

    /**
     * Rotary position embedding (Su et al. 2021, arXiv 2104.09864). Each row holds {@code heads} vectors of {@code headDim = 2 h}; for
     * {@code i < h} the pair {@code (a, b)} is turned by angle i:
     * {@code y_a = x_a cos_i - x_b sin_i}, {@code y_b = x_b cos_i + x_a sin_i}. The rotation is orthogonal, so its backward
     * pass is the same with {@code inverse}, which turns by the negative angle. y may be x.
     *
     * @param table [rows, headDim], as {@link #ropeTable} writes it
     * @param interleaved whether the pairs are {@code (2i, 2i + 1)}, as the paper and GGUF's Llama have them; otherwise {@code (i, i + h)}, as Hugging
     *     Face has them
     */
    void rope(int rows, int heads, int headDim, Memory table, boolean interleaved, boolean inverse, Memory x, Sink y);

    /** {@code out_0 (+)= scale * sum_i x_i} over all elements of x. */
    void sum(Memory x, float scale, Sink out);
}
