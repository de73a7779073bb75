package org.moelora.engine.ops;

import org.moelora.kernels.Attention;
import org.moelora.kernels.Ragged;

/**
 * How a layer attends.
 *
 * @param heads query heads, a multiple of {@code kvHeads}
 * @param kvHeads key/value heads
 * @param headDim width of one head
 * @param scale factor on the scores, usually {@code 1 / sqrt(headDim)}
 * @param window the most keys that a query sees, itself and those before it; {@link #UNLIMITED} for all
 */
public record Heads(int heads, int kvHeads, int headDim, float scale, int window) {
    /** A window that hides no key. */
    public static final int UNLIMITED = Attention.Plan.UNLIMITED;

    Attention.Plan on(Ragged rows) {
        return new Attention.Plan(heads, kvHeads, headDim, scale, window, rows);
    }
}
