package org.moelora.eval;

/**
 * Eigenvalues and eigenvectors of a real symmetric matrix, {@code S = Q diag(values) Q^T}, by cyclic Jacobi rotations: each makes one pair of off-diagonal
 * elements zero, and their sum of squares falls until nothing is left. Of order n^3 per sweep, with some ten sweeps: for matrices as small as a rank.
 *
 * @param values [n], in no particular order
 * @param vectors Q [n, n], the eigenvectors in its columns
 */
record SymmetricEigen(double[] values, double[][] vectors) {
    private static final int MOST_SWEEPS = 60;

    /**
     * @param s [n, n], of which the upper triangle counts; not changed
     */
    static SymmetricEigen of(double[][] s) {
        int n = s.length;
        double[][] a = new double[n][n];
        double[][] q = new double[n][n];
        for (int i = 0; i < n; i++) {
            q[i][i] = 1;
            for (int j = i; j < n; j++) {
                a[i][j] = s[i][j];
                a[j][i] = s[i][j];
            }
        }
        for (int sweep = 0; sweep < MOST_SWEEPS && !isDiagonal(a); sweep++) {
            for (int i = 0; i < n; i++) {
                for (int j = i + 1; j < n; j++) {
                    rotate(a, q, i, j);
                }
            }
        }
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = a[i][i];
        }
        return new SymmetricEigen(values, q);
    }

    /** Whether what is off the diagonal is below the rounding of what is on it. */
    private static boolean isDiagonal(double[][] a) {
        double off = 0;
        double on = 0;
        for (int i = 0; i < a.length; i++) {
            on += a[i][i] * a[i][i];
            for (int j = i + 1; j < a.length; j++) {
                off += a[i][j] * a[i][j];
            }
        }
        return off <= 1e-30 * on;
    }

    /** {@code A = J^T A J} and {@code Q = Q J}, with the rotation J in the plane of i and j that makes a_ij zero. */
    private static void rotate(double[][] a, double[][] q, int i, int j) {
        if (a[i][j] == 0) {
            return;
        }
        double theta = (a[j][j] - a[i][i]) / (2 * a[i][j]);
        double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.hypot(theta, 1));
        double cos = 1 / Math.hypot(t, 1);
        double sin = t * cos;
        int n = a.length;
        for (int k = 0; k < n; k++) {
            double x = a[k][i];
            double y = a[k][j];
            a[k][i] = cos * x - sin * y;
            a[k][j] = sin * x + cos * y;
        }
        for (int k = 0; k < n; k++) {
            double x = a[i][k];
            double y = a[j][k];
            a[i][k] = cos * x - sin * y;
            a[j][k] = sin * x + cos * y;
        }
        for (int k = 0; k < n; k++) {
            double x = q[k][i];
            double y = q[k][j];
            q[k][i] = cos * x - sin * y;
            q[k][j] = sin * x + cos * y;
        }
        a[i][j] = 0;
        a[j][i] = 0;
    }
}
