package org.moelora.engine.ops;

import org.moelora.engine.FrozenWeight;
import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;

/** {@code y_t = W[ids_t]}: one row of a table per token. */
public final class Embedding {
    private Embedding() {}

    /**
     * @param ids I32 [T]
     * @param w [entries, width]
     */
    public static Tensor apply(Tape tape, Tensor ids, Weight w) {
        int rows = ids.shape().cols();
        int cols = w.shape().dim(1);
        return switch (w) {
            case FrozenWeight frozen
            when frozen.isTransposed() ->
                throw new IllegalArgumentException("a transposed weight has no rows to look up");
            case FrozenWeight frozen -> {
                Tensor y = tape.tensor(false, Shape.of(rows, cols));
                tape.kernels().tokens().embed(rows, ids.memory(), frozen.frozen(), y.memory());
                yield y;
            }
            case Parameter table -> gather(tape, ids, table);
        };
    }

    /**
     * {@code y_n = x[ids_n]} for a tensor or a parameter x [*, width].
     *
     * @param ids I32 [N]
     */
    public static Tensor gather(Tape tape, Tensor ids, Tensor x) {
        int rows = ids.shape().cols();
        int cols = x.shape().cols();
        boolean records = tape.records(x);
        Tensor y = tape.tensor(records, Shape.of(rows, cols));
        tape.kernels().tokens().gather(rows, cols, ids.memory(), x.memory(), y.memory());
        if (records) {
            tape.record("gather", y, () -> gatherBackward(tape, ids, x, y), ids);
        }
        return y;
    }

    /** {@code dx[ids_n] += dy_n}; rows that were not read get zero. */
    private static void gatherBackward(Tape tape, Tensor ids, Tensor x, Tensor y) {
        Tape.Grad dx = tape.grad(x);
        if (dx != null) {
            if (!dx.accumulate()) {
                tape.kernels().elementwise().fill(dx.memory(), 0);
            }
            tape.kernels()
                    .tokens()
                    .scatterAdd(y.shape().rows(), y.shape().cols(), ids.memory(), tape.gradOf(y), dx.memory());
        }
    }
}
