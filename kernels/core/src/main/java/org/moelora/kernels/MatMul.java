package org.moelora.kernels;

/** Matrix products. */
public interface MatMul {
    /**
     * {@code C = alpha op(A) op(B) + beta C} with {@code op(A) [m, k]}, {@code op(B) [k, n]}, {@code C [m, n]}, all F32.
     * With {@code beta = 0}, C is not read. Row i of a matrix starts at element {@code i * ld}; without a transpose
     * {@code lda >= k} and {@code ldb >= n}, with one {@code lda >= m} and {@code ldb >= k}; {@code ldc >= n}. Elements of C between
     * its rows are not touched.
     */
    void gemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            Memory a,
            int lda,
            Memory b,
            int ldb,
            float beta,
            Memory c,
            int ldc);

    /**
     * {@link #gemm} on so many matrices of equal size, each without gaps: matrix number b of A begins at element {@code b m k}, of B at
     * {@code b k n}, of C at {@code b m n}. For many small ones.
     */
    void gemmBatched(
            int batch,
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            Memory a,
            Memory b,
            float beta,
            Memory c);

    /** {@code y (+)= x W^T} with {@code x [rows, W.cols]}, {@code y [rows, W.rows]}. One row is a matrix-vector product. */
    void linear(int rows, Memory x, Frozen w, Memory y, boolean accumulate);

    /** Backward of {@link #linear} in x: {@code dx (+)= dy W} with {@code dy [rows, W.rows]}, {@code dx [rows, W.cols]}. */
    void linearGrad(int rows, Memory dy, Frozen w, Memory dx, boolean accumulate);
}
