package org.moelora.kernels;

/** Matrix products. */
public interface MatMul {
    /**
     * {@code C = alpha A B + beta C} with {@code A [m, k]}, {@code B [k, n]}, {@code C [m, n]}. With {@code beta = 0}, C is not read. Memory
     * between the rows of C is not touched.
     *
     * @throws IllegalArgumentException if the shapes do not fit together, or C is transposed
     */
    default void gemm(float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        checkShapes(a, b, c);
        product(alpha, a, b, beta, c);
    }

    /**
     * {@link #gemm(float, Matrix, Matrix, float, Matrix)} for each of {@code batch} equal {@link Matrix#parts}: {@code A [batch m, k]} or, transposed, {@code [m, batch k]}; {@code
     * B [batch k, n]} or, transposed, {@code [k, batch n]}; {@code C [batch m, n]}. For many small ones.
     *
     * @throws IllegalArgumentException if the shapes do not fit together, or C is transposed
     */
    default void gemmBatched(int batch, float alpha, Matrix a, Matrix b, float beta, Matrix c) {
        if (batch != 0) {
            checkShapes(a.parts(0, 1, batch), b.parts(0, 1, batch), c.parts(0, 1, batch));
            products(batch, alpha, a, b, beta, c);
        }
    }

    private static void checkShapes(Matrix a, Matrix b, Matrix c) {
        if (a.cols() != b.rows() || c.rows() != a.rows() || c.cols() != b.cols() || c.transposed()) {
            throw new IllegalArgumentException(a + " times " + b + " is no " + c);
        }
    }

    /** {@code C (+)= alpha A B}, [A.rows, B.cols]; nothing if C is absent. */
    default void gemm(float alpha, Matrix a, Matrix b, Sink c) {
        if (!c.isAbsent()) {
            gemm(alpha, a, b, c.adds() ? 1 : 0, Matrix.of(c.memory(), a.rows(), b.cols()));
        }
    }

    /** For devices: {@link #gemm(float, Matrix, Matrix, float, Matrix)} of shapes that fit. */
    void product(float alpha, Matrix a, Matrix b, float beta, Matrix c);

    /** For devices: {@link #gemmBatched} of shapes that fit. */
    void products(int batch, float alpha, Matrix a, Matrix b, float beta, Matrix c);

    /** {@code y (+)= x W^T} with {@code x [rows, W.cols]}, {@code y [rows, W.rows]}. One row is a matrix-vector product. */
    void linear(int rows, Memory x, Frozen w, Sink y);

    /**
     * {@link #linear} in which row t of y has, bit for bit, what {@code linear} gives for row t of x alone, whatever the other rows: for texts that are decoded side by side and
     * must not depend on one another. Devices with a kernel that reads W once for several rows do better than this loop.
     */
    default void linearByRow(int rows, Memory x, Frozen w, Sink y) {
        for (int t = 0; t < rows; t++) {
            Memory row = x.slice((long) t * w.cols(), w.cols());
            linear(1, row, w, y.slice((long) t * w.rows(), w.rows()));
        }
    }

    /** Backward of {@link #linear} in x: {@code dx (+)= dy W} with {@code dy [rows, W.rows]}, {@code dx [rows, W.cols]}. */
    void linearGrad(int rows, Memory dy, Frozen w, Sink dx);
}
