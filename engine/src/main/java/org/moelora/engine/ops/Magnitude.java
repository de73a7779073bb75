package org.moelora.engine.ops;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.FrozenWeight;
import org.moelora.engine.Op;
import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Values;
import org.moelora.engine.Weight;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Sink;

/**
 * Weight decomposition (DoRA, Liu et al. 2024, arXiv 2402.09353, equation 5): the rows of an adapted weight V = W + s B A get a magnitude m each,
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
        Op op = tape.op("squares").detached(Linear.parameter(w));
        return switch (w) {
            case Parameter p ->
                op.forward(
                                Shape.of(out),
                                (v, squares) -> tape.kernels().rows().rowDots(out, in, v.of(p), v.of(p), squares))
                        .withoutBackward();
            case FrozenWeight frozen
            when frozen.isTransposed() -> {
                // Rows are of inputs: squares add up over them.
                Tensor ids = indices(tape, in);
                yield op.constant("rows", ids)
                        .forward(Shape.of(out), (v, squares) -> {
                            tape.kernels().elementwise().fill(squares, 0);
                            pieces(tape, frozen, v.of(ids), in, out, (kernels, from, rows, piece) -> {
                                kernels.elementwise().multiply(piece, piece, piece);
                                kernels.rows().columnSum(rows, out, piece, Sink.onto(squares));
                            });
                        })
                        .withoutBackward();
            }
            case FrozenWeight frozen -> {
                Tensor ids = indices(tape, out);
                yield op.constant("rows", ids)
                        .forward(
                                Shape.of(out),
                                (v, squares) -> pieces(
                                        tape,
                                        frozen,
                                        v.of(ids),
                                        out,
                                        in,
                                        (kernels, from, rows, piece) -> kernels.rows()
                                                .rowDots(rows, in, piece, piece, squares.slice(from, rows))))
                        .withoutBackward();
            }
        };
    }

    private static Tensor indices(Tape tape, int n) {
        return tape.ints(IntStream.range(0, n).toArray());
    }

    private interface Piece {
        void read(Kernels kernels, int from, int rows, Memory piece);
    }

    private static void pieces(Tape tape, FrozenWeight w, Memory ids, int rows, int cols, Piece reader) {
        int most = Math.clamp(PIECE / cols, 1, rows);
        for (int from = 0; from < rows; from += most) {
            int count = Math.min(most, rows - from);
            try (Memory piece = tape.scratch((long) count * cols)) {
                tape.kernels().tokens().embed(count, ids.slice(from, count), w.frozen(), piece);
                reader.read(tape.kernels(), from, count, piece);
            }
        }
    }

    /**
     * {@code n_o = sqrt(squares_o)}, [out], computed as {@link #factors} does: the magnitudes m with which a weight without an update keeps every bit.
     */
    public static Tensor norms(Tape tape, Tensor squares) {
        Elementwise kernels = tape.kernels().elementwise();
        return tape.op("norms")
                .detached(squares)
                .forward(squares.shape(), (v, n) -> {
                    kernels.rsqrt(v.of(squares), n);
                    kernels.multiply(n, v.of(squares), n);
                })
                .withoutBackward();
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
        Elementwise kernels = tape.kernels().elementwise();
        Tensor inverse = tape.tensor(Shape.of(out));
        Tensor one = identity(tape, a.shape().rows());
        return tape.op("magnitude factors")
                .differentiable(m)
                .detached(squares, a, b, Linear.parameter(w))
                .constant("identity", one)
                .saves(inverse)
                .forward(Shape.of(out), (v, c) -> {
                    try (Memory n = tape.scratch(out)) {
                        squaresOfSum(tape, v, w, squares, a, b, scale, one, n);
                        kernels.rsqrt(n, v.of(inverse));
                        kernels.multiply(v.of(inverse), n, n);
                        // m - n
                        kernels.scale(-1, n, n);
                        kernels.add(v.of(m), n, n);
                        kernels.fill(c, 1);
                        kernels.multiply(n, v.of(inverse), Sink.onto(c));
                    }
                })
                // dm = dc / n
                .backward((v, dc, d) -> kernels.multiply(dc, v.of(inverse), d.of(m)));
    }

    /** {@code n_o^2}, as {@code |w_o|^2 + <h_o, b_o>} with {@code H = 2 s W A^T + s^2 B A A^T}, [out, r]. */
    private static void squaresOfSum(
            Tape tape,
            Values v,
            Weight w,
            Tensor squares,
            Tensor a,
            Tensor b,
            float scale,
            Tensor one,
            Memory squaresOfSum) {
        int rank = a.shape().rows();
        int out = b.shape().dim(0);
        Kernels kernels = tape.kernels();
        long width = (long) out * rank;
        try (Memory products = tape.scratch(width);
                Memory h = tape.scratch(width);
                Memory gram = tape.scratch((long) rank * rank)) {
            Linear.multiply(kernels.matMul(), v, rank, v.of(a), w, products);
            Matrix hs = Matrix.of(h, out, rank);
            Matrix aat = Matrix.of(gram, rank, rank);
            // A W^T is [r, out]; a product with the identity turns it over.
            kernels.matMul().gemm(2 * scale, Matrix.of(products, rank, out).t(), v.matrix(one), 0, hs);
            kernels.matMul().gemm(1, v.matrix(a), v.matrix(a).t(), 0, aat);
            kernels.matMul().gemm(scale * scale, v.matrix(b), aat, 1, hs);
            kernels.elementwise().scale(1, v.of(squares), squaresOfSum);
            kernels.rows().rowDots(out, rank, h, v.of(b), Sink.onto(squaresOfSum));
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
        Kernels kernels = tape.kernels();
        return tape.op("magnitude")
                .differentiable(z, c, bias)
                .reads(z, c)
                .forward(z.shape(), (v, y) -> {
                    kernels.rows().scaleColumns(rows, out, v.of(z), v.of(c), y);
                    if (bias != null) {
                        kernels.rows().addBias(rows, out, v.of(bias), y);
                    }
                })
                // dz_to = dy_to c_o, dc_o = sum_t dy_to z_to, dbias_o = sum_t dy_to
                .backward((v, dy, d) -> {
                    if (d.requires(c)) {
                        try (Memory products = tape.scratch(z.shape().size())) {
                            kernels.elementwise().multiply(dy, v.of(z), products);
                            kernels.rows().columnSum(rows, out, products, d.of(c));
                        }
                    }
                    kernels.rows().columnSum(rows, out, dy, d.of(bias));
                    kernels.rows().scaleColumns(rows, out, dy, v.of(c), d.of(z));
                });
    }
}
