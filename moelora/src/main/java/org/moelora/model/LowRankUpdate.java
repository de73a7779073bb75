package org.moelora.model;

import org.moelora.adapter.Adapter;
import org.moelora.adapter.LinearSite;

/**
 * {@code s B A} of one linear as a checkpoint stores its weight: {@code L R}, with L = s B [out, r] and R = A [r, in], or L = s A^T [in, r] and R = B^T
 * [r, out] where weights are stored as [in, out].
 *
 * @param left L, row-major
 * @param right R, row-major
 */
record LowRankUpdate(int rank, int columns, float[] left, float[] right) {
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
        return new LowRankUpdate(rank, transposed ? site.out() : site.in(), left, right);
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

    /** {@code row += L[index] R}, summed from the first rank to the last in double precision and rounded once. */
    void addTo(long index, float[] row) {
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
        for (int j = 0; j < columns; j++) {
            row[j] = (float) sum[j];
        }
    }
}
