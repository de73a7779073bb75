package org.moelora.kernels;

/** Kernels that treat a matrix {@code [rows, cols]} row by row, and sums over rows. All spans are F32 unless said otherwise. */
public interface Rows {
    /** {@code y_i = exp(x_i - max x) / sum_j exp(x_j - max x)} per row; y may be x. */
    void softmax(int rows, int cols, Memory x, Memory y);

    /** {@code dx (+)= y .* (dy - <y, dy>)} per row, with y the softmax; dx may be dy. */
    void softmaxGrad(int rows, int cols, Memory y, Memory dy, Memory dx, boolean accumulate);

    /**
     * RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467): {@code rstd_t = 1 / sqrt(mean_i x_ti^2 + eps)},
     * {@code y_ti = x_ti rstd_t weight_i}. {@code rstd [rows]} is kept for the backward pass. y may be x.
     */
    void rmsNorm(int rows, int cols, float eps, Memory x, Memory weight, Memory y, Memory rstd);

    /**
     * {@code dx_ti (+)= rstd_t (weight_i dy_ti - xhat_ti mean_j(weight_j dy_tj xhat_tj))} with {@code xhat = x rstd}.
     */
    void rmsNormGrad(
            int rows, int cols, Memory x, Memory weight, Memory rstd, Memory dy, Memory dx, boolean accumulate);

    /** {@code dWeight_i (+)= sum_t dy_ti x_ti rstd_t}. */
    void rmsNormWeightGrad(int rows, int cols, Memory x, Memory rstd, Memory dy, Memory dWeight, boolean accumulate);

    /** {@code y_ti += bias_i}. */
    void addBias(int rows, int cols, Memory bias, Memory y);

    /** {@code out_i (+)= sum_t x_ti}: the backward pass of {@link #addBias} in the bias. */
    void columnSum(int rows, int cols, Memory x, Memory out, boolean accumulate);

    /**
     * Cosines and sines of rotary angles: with {@code angle = positions_t * frequencies_i} computed in double precision,
     * {@code table_t = [cos(angle_0) .. cos(angle_h-1), sin(angle_0) .. sin(angle_h-1)]}, {@code h = frequencies.length}.
     *
     * @param positions I32 [rows]
     * @param table [rows, 2 h]
     */
    void ropeTable(int rows, double[] frequencies, Memory positions, Memory table);

    /**
     * Rotary position embedding (Su et al. 2021, arXiv 2104.09864) in the half-rotation order of Hugging Face's Llama. Each
     * row holds {@code heads} vectors of {@code headDim = 2 h}; for {@code i < h}
     * {@code y_i = x_i cos_i - x_{i+h} sin_i}, {@code y_{i+h} = x_{i+h} cos_i + x_i sin_i}. The rotation is orthogonal, so its backward
     * pass is the same with {@code inverse}, which turns by the negative angle. y may be x.
     *
     * @param table [rows, headDim], as {@link #ropeTable} writes it
     */
    void rope(int rows, int heads, int headDim, Memory table, boolean inverse, Memory x, Memory y, boolean accumulate);

    /** {@code out_0 (+)= scale * sum_i x_i} over all elements of x. */
    void sum(Memory x, float scale, Memory out, boolean accumulate);
}
