package org.moelora.kernels.simd;

import org.moelora.kernels.Matrix;
import org.moelora.kernels.cpu.HostFrozen;

/**
 * A or B of a product: a matrix {@code [rows, cols]} wherever its numbers come from and in whatever format. Element (i, j) is number
 * {@code i leading + j} of them; of a transposed one {@code j leading + i}.
 */
record Factor(Source numbers, int rows, int cols, int leading, boolean transposed) {
    static Factor of(Matrix m) {
        return new Factor(Source.of(m), m.rows(), m.cols(), m.leading(), m.transposed());
    }

    /** W {@code [rows, cols]}. */
    static Factor of(HostFrozen w) {
        return new Factor(Source.of(w), w.rows(), w.cols(), w.cols(), false);
    }

    Factor t() {
        return new Factor(numbers, /* rows= */ cols, /* cols= */ rows, leading, !transposed);
    }
}
