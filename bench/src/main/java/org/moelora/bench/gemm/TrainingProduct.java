package org.moelora.bench.gemm;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;

/**
 * A product of a training step in which no factor is frozen, so that nothing is packed before. With x [T, in], dy [T, out], A [r, in], B [out, r] and
 * {@code U = x A^T [T, r]} of an adapter: those with A or B are thin, and those for weights are transposed. T is 1008, in and out are 1920.
 *
 * @param id what it is called on the command line
 * @param formula in the words of the page
 * @param form which factor is stored transposed
 * @param size of the result and the depth
 */
record TrainingProduct(String id, String formula, Form form, Size size) {
    /** Which factor is stored transposed. */
    enum Form {
        AB("A B"),
        ATB("A^T B"),
        ABT("A B^T");

        private final String text;

        Form(String text) {
            this.text = text;
        }

        /** A [m, k] in memory that holds [m, k] or, transposed, [k, m]. */
        Matrix left(Memory a, Size size) {
            return this == ATB ? Matrix.of(a, size.k(), size.m()).t() : Matrix.of(a, size.m(), size.k());
        }

        /** B [k, n] in memory that holds [k, n] or, transposed, [n, k]. */
        Matrix right(Memory b, Size size) {
            return this == ABT ? Matrix.of(b, size.n(), size.k()).t() : Matrix.of(b, size.k(), size.n());
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private static final int T = 1008;
    private static final int WIDTH = 1920;

    /** All of the page, thin ones of rank 8 and 32 first. */
    static final List<TrainingProduct> ALL = Stream.concat(
                    Stream.of(8, 32).flatMap(TrainingProduct::ofRank),
                    Stream.of(
                            new TrainingProduct("y", "y = x W^T", Form.ABT, new Size(T, WIDTH, WIDTH)),
                            new TrainingProduct("dx", "dx = dy W", Form.AB, new Size(T, WIDTH, WIDTH)),
                            new TrainingProduct("dW", "dW = dy^T x", Form.ATB, new Size(WIDTH, WIDTH, T))))
            .toList();

    private static Stream<TrainingProduct> ofRank(int r) {
        return Stream.of(
                new TrainingProduct("U" + r, "U = x A^T", Form.ABT, new Size(T, r, WIDTH)),
                new TrainingProduct("y" + r, "y = U B^T", Form.ABT, new Size(T, WIDTH, r)),
                new TrainingProduct("dU" + r, "dU = dy B", Form.AB, new Size(T, r, WIDTH)),
                new TrainingProduct("dB" + r, "dB = dy^T U", Form.ATB, new Size(WIDTH, r, T)),
                new TrainingProduct("dA" + r, "dA = dU^T x", Form.ATB, new Size(r, WIDTH, T)),
                new TrainingProduct("dx" + r, "dx = dU A", Form.AB, new Size(T, WIDTH, r)));
    }

    static Optional<TrainingProduct> find(String id) {
        return ALL.stream().filter(product -> product.id.equals(id)).findFirst();
    }

    /** Floating-point operations of one product. */
    double flops() {
        return 2.0 * size.m() * size.n() * size.k();
    }

    /** Floating-point operations for each byte of the three matrices: what there is to do for a number that is fetched once. */
    double intensity() {
        double numbers = (double) size.m() * size.k() + (double) size.k() * size.n() + (double) size.m() * size.n();
        return flops() / (Float.BYTES * numbers);
    }

    /**
     * Rates of a run.
     *
     * @param alone GFLOP/s of each round on one thread, ascending
     * @param together the same on all threads
     */
    record Measured(TrainingProduct product, double[] alone, double[] together) {
        Measured {
            Arrays.sort(alone);
            Arrays.sort(together);
        }
    }
}
