package org.moelora.model;

import org.moelora.adapter.Adapter;
import org.moelora.adapter.LinearSite;

/**
 * {@code s B A} of one linear as a checkpoint stores its weight: {@code L R}, with L = s B [out, r] and R = A [r, in], or L = s A^T [in, r] and R = B^T
 * [r, out] where weights are stored as [in, out].
 *
 * @param transposed whether weights are stored as [in, out]
 * @param left L, row-major
 * @param right R, row-major
 */
record LowRankUpdate(int rank, int columns, boolean transposed, float[] left, float[] right) {
    static LowRankUpdate of(Adapter adapter, LinearSite site, boolean transposed) {
        int rank = adapter.config().rank(site);
        float[] a = adapter.parameters().get(site.name() + ".lora_A").toArray();
        float[] b = adapter.parameters().get(site.name() + ".lora_B").toArray();
        float[] left = transposed ? transposed(a, rank, site.in()) : b;
        float[] right = transposed ? transposed(b, site.out(), rank) : a;
        float scale = (float) adapter.config().scale(site);
        for (int i = 0; i < left.length; i++) {
            left[i] *= scale;
        }
        return new LowRankUpdate(rank, transposed ? site.out() : site.in(), transposed, left, right);
    }

    private static float[] transposed(float[] values, int rows, int cols) {
        float[] result = new float[values.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < cols; j++) {
                result[j * rows + i] = values[i * cols + j];
            }
        }
        return result;
    }

    /** {@code row + L[index] R}, summed from the first rank to the last in double precision. */
    double[] plus(long index, float[] row) {
        double[] sum = new double[columns];
        for (int j = 0; j < columns; j++) {
            sum[j] = row[j];
        }
        int l = Math.toIntExact(index * rank);
        for (int k = 0; k < rank; k++) {
            double factor = left[l + k];
            int r = k * columns;
            for (int j = 0; j < columns; j++) {
                sum[j] += factor * right[r + j];
            }
        }
        return sum;
    }

    /** Gives a stored row of the weight. */
    interface Rows {
        void read(long index, float[] into);
    }

    /**
     * {@code c_o = m_o / |w_o + s b_o A|} (see {@link org.moelora.engine.ops.Magnitude}), after reading all rows.
     *
     * @param m [out]
     * @param count how many rows are stored
     */
    double[] factors(float[] m, long count, Rows rows) {
        double[] squares = new double[m.length];
        float[] row = new float[columns];
        for (long i = 0; i < count; i++) {
            rows.read(i, row);
            double[] sum = plus(i, row);
            for (int j = 0; j < columns; j++) {
                squares[transposed ? j : Math.toIntExact(i)] += sum[j] * sum[j];
            }
        }
        double[] factors = new double[m.length];
        for (int o = 0; o < factors.length; o++) {
            factors[o] = m[o] / Math.sqrt(Math.max(squares[o], Float.MIN_NORMAL));
        }
        return factors;
    }

    /** Multiplies row number {@code index} with the factors of its outputs. */
    void scale(long index, double[] row, double[] factors) {
        for (int j = 0; j < columns; j++) {
            row[j] *= factors[transposed ? j : Math.toIntExact(index)];
        }
    }
}
