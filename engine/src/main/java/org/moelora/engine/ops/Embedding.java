package org.moelora.engine.ops;

import org.moelora.engine.FrozenWeight;
import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.kernels.Kernels;
import org.moelora.kernels.Tokens;

/** {@code y_t = W[ids_t]}: one row of a table per token. */
public final class Embedding {
    private Embedding() {}

    /**
     * @param ids I32 [T]
     * @param w [entries, width]
     */
    public static Tensor apply(Tape tape, Tensor ids, Weight w) {
        return switch (w) {
            case FrozenWeight frozen
            when frozen.isTransposed() ->
                throw new IllegalArgumentException("a transposed weight has no rows to look up");
            case FrozenWeight frozen -> lookUp(tape, ids, frozen);
            case Parameter table -> gather(tape, ids, table);
        };
    }

    private static Tensor lookUp(Tape tape, Tensor ids, FrozenWeight w) {
        int rows = ids.shape().cols();
        Tokens kernels = tape.kernels().tokens();
        return tape.op("embedding")
                .constant("ids", ids)
                .forward(Shape.of(rows, w.shape().dim(1)), (v, y) -> kernels.embed(rows, v.of(ids), w.frozen(), y))
                .withoutBackward();
    }

    /**
     * {@code y_n = x[ids_n]} for a tensor or a parameter x [*, width].
     *
     * @param ids I32 [N]
     */
    public static Tensor gather(Tape tape, Tensor ids, Tensor x) {
        int rows = ids.shape().cols();
        int cols = x.shape().cols();
        Kernels kernels = tape.kernels();
        return tape.op("gather")
                .differentiable(x)
                .constant("ids", ids)
                .reads(ids)
                .forward(Shape.of(rows, cols), (v, y) -> kernels.tokens().gather(rows, cols, v.of(ids), v.of(x), y))
                // dx[ids_n] += dy_n; rows that were not read get zero
                .backward((v, dy, d) -> kernels.tokens().scatterAdd(rows, cols, v.of(ids), dy, d.of(x)));
    }
}
