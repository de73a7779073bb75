package org.moelora.engine.ops;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.FrozenWeight;
import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;

/**
 * Weight decomposition (DoRA, Liu et al. 2024, arXiv 2402.09353, equation 5): the rows of an adapted weight V = W + s B A get lengths m of their own,
 * {@code W' = diag(c) V} with {@code c_o = m_o / n_o}, {@code n_o = |v_o|}, so that {@code x W'^T = (x V^T) .* c}. V is never formed:
 *
 * <pre>{@code n_o^2 = |w_o|^2 + 2 s <A w_o, b_o> + s^2 <A A^T b_o, b_o>}</pre>
 *
 * <p>In gradients n is a constant (section 4.3), which saves most of their memory and changes results little.
 */
public final class Magnitude {
    /** Elements of a weight that are float32 at a time when {@link #squares} reads it. */
    private static final int PIECE = 1 << 18;

    private Magnitude() {}

    /**
     * {@code |w_o|^2} of every row, [out], reading some rows of the weight at a time; no gradient.
     *
     * @param w [out, in]
     */
    public static Tensor squares(Tape tape, Weight w) {
        int out = w.shape().dim(0);
        int in = w.shape().dim(1);
        Tensor squares = tape.tensor(false, Shape.of(out));
        switch (w) {
            case Parameter p -> tape.kernels().rows().rowDots(out, in, p.memory(), p.memory(), squares.memory(), false);
            case FrozenWeight frozen
            when frozen.isTransposed() -> {
                // Rows are of inputs: squares add up over them.
                tape.kernels().elementwise().fill(squares.memory(), 0);
                pieces(tape, frozen, in, out, (kernels, from, rows, piece) -> {
                    kernels.elementwise().multiply(piece, piece, piece, false);
                    kernels.rows().columnSum(rows, out, piece, squares.memory(), true);
                });
            }
            case FrozenWeight frozen ->
                pieces(
                        tape,
                        frozen,
                        out,
                        in,
                        (kernels, from, rows, piece) -> kernels.rows()
                                .rowDots(
                                        rows, in, piece, piece, squares.memory().slice(from, rows), false));
        }
        return squares;
    }

    private interface Piece {
        void read(Kernels kernels, int from, int rows, Memory piece);
    }

    private static void pieces(Tape tape, FrozenWeight w, int rows, int cols, Piece reader) {
        int most = Math.clamp(PIECE / cols, 1, rows);
        for (int from = 0; from < rows; from += most) {
            int count = Math.min(most, rows - from);
            try (Memory piece = tape.scratch((long) count * cols)) {
                Tensor ids = tape.ints(IntStream.range(from, from + count).toArray());
                tape.kernels().tokens().embed(count, ids.memory(), w.frozen(), piece);
                reader.read(tape.kernels(), from, count, piece);
            }
        }
    }

    /**
     * {@code n_o = sqrt(squares_o)}, [out], computed as {@link #factors} does: lengths m with which a weight without an update is left as it is, to the bit.
     */
    public static Tensor norms(Tape tape, Tensor squares) {
        Tensor n = tape.tensor(false, squares.shape());
        tape.kernels().elementwise().rsqrt(squares.memory(), n.memory());
        tape.kernels().elementwise().multiply(n.memory(), squares.memory(), n.memory(), false);
        return n;
    }

    /**
     * {@code c = m / n}, computed as {@code 1 + (m - n) / n}, which is 1 exactly where m is n.
     *
     * @param w [out, in]
     * @param squares of w, as {@link #squares} gives them, above 0
     * @param a A [r, in]
     * @param b B [out, r]
     * @param m [out]
     * @param scale s
     * @return [out], with a gradient in m only
     */
    public static Tensor factors(Tape tape, Weight w, Tensor squares, Tensor a, Tensor b, Tensor m, float scale) {
        int out = b.shape().dim(0);
        Kernels kernels = tape.kernels();
        boolean records = tape.records(m);
        Tensor inverse = tape.tensor(false, Shape.of(out));
        Tensor c = tape.tensor(records, Shape.of(out));
        try (Memory n = tape.scratch(out)) {
            squaresOfSum(tape, w, squares, a, b, scale, n);
            kernels.elementwise().rsqrt(n, inverse.memory());
            kernels.elementwise().multiply(inverse.memory(), n, n, false);
            // m - n
            kernels.elementwise().scale(-1, n, n, false);
            kernels.elementwise().add(m.memory(), n, n);
            kernels.elementwise().fill(c.memory(), 1);
            kernels.elementwise().multiply(n, inverse.memory(), c.memory(), true);
        }
        if (records) {
            // dm = dc / n
            tape.record(
                    "magnitude factors",
                    c,
                    () -> {
                        Tape.Grad dm = tape.grad(m);
                        if (dm != null) {
                            kernels.elementwise()
                                    .multiply(tape.gradOf(c), inverse.memory(), dm.memory(), dm.accumulate());
                        }
                    },
                    inverse);
        }
        return c;
    }

    /** {@code n_o^2}, as {@code |w_o|^2 + <h_o, b_o>} with {@code H = 2 s W A^T + s^2 B A A^T}, [out, r]. */
    private static void squaresOfSum(
            Tape tape, Weight w, Tensor squares, Tensor a, Tensor b, float scale, Memory squaresOfSum) {
        int rank = a.shape().rows();
        int out = b.shape().dim(0);
        Kernels kernels = tape.kernels();
        long width = (long) out * rank;
        try (Memory products = tape.scratch(width);
                Memory h = tape.scratch(width);
                Memory gram = tape.scratch((long) rank * rank)) {
            Linear.multiply(tape, rank, a.memory(), w, products);
            // A W^T is [r, out]; a product with the identity turns it over.
            Matrix one = identity(tape, rank).matrix();
            Matrix hs = Matrix.of(h, out, rank);
            Matrix aat = Matrix.of(gram, rank, rank);
            kernels.matMul().gemm(2 * scale, Matrix.of(products, rank, out).t(), one, 0, hs);
            kernels.matMul().gemm(1, a.matrix(), a.matrix().t(), 0, aat);
            kernels.matMul().gemm(scale * scale, b.matrix(), aat, 1, hs);
            kernels.elementwise().scale(1, squares.memory(), squaresOfSum, false);
            kernels.rows().rowDots(out, rank, h, b.memory(), squaresOfSum, true);
        }
    }

    private static Tensor identity(Tape tape, int n) {
        float[] one = new float[Math.multiplyExact(n, n)];
        for (int i = 0; i < n; i++) {
            one[i * n + i] = 1;
        }
        return tape.constant(one, n, n);
    }

    /**
     * {@code y_to = z_to c_o + bias_o}.
     *
     * @param z [T, out]
     * @param c [out]
     * @param bias [out], or null
     */
    public static Tensor apply(Tape tape, Tensor z, Tensor c, @Nullable Tensor bias) {
        int rows = z.shape().rows();
        int out = z.shape().cols();
        boolean records = tape.records(z, c) || (bias != null && tape.records(bias));
        Tensor y = tape.tensor(records, z.shape());
        tape.kernels().rows().scaleColumns(rows, out, z.memory(), c.memory(), y.memory(), false);
        if (bias != null) {
            tape.kernels().rows().addBias(rows, out, bias.memory(), y.memory());
        }
        if (records) {
            tape.record("magnitude", y, () -> backward(tape, z, c, bias, y), z, c);
        }
        return y;
    }

    /** {@code dz_to = dy_to c_o}, {@code dc_o = sum_t dy_to z_to}, {@code dbias_o = sum_t dy_to}. */
    private static void backward(Tape tape, Tensor z, Tensor c, @Nullable Tensor bias, Tensor y) {
        Memory dy = tape.gradOf(y);
        int rows = z.shape().rows();
        int out = z.shape().cols();
        Tape.Grad dc = tape.grad(c);
        if (dc != null) {
            try (Memory products = tape.scratch(z.shape().size())) {
                tape.kernels().elementwise().multiply(dy, z.memory(), products, false);
                tape.kernels().rows().columnSum(rows, out, products, dc.memory(), dc.accumulate());
            }
        }
        Tape.Grad db = bias == null ? null : tape.grad(bias);
        if (db != null) {
            tape.kernels().rows().columnSum(rows, out, dy, db.memory(), db.accumulate());
        }
        Tape.Grad dz = tape.grad(z);
        if (dz != null) {
            tape.kernels().rows().scaleColumns(rows, out, dy, c.memory(), dz.memory(), dz.accumulate());
        }
    }
}
