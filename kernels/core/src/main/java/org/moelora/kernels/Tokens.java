package org.moelora.kernels;

import org.jspecify.annotations.Nullable;

/**
 * Rows of a table by index, and the loss over a vocabulary. Indices are I32, everything else F32. An index outside its table throws {@link
 * IndexOutOfBoundsException}: at once on a CPU, and on a device that computes on its own at the next {@link Device#read} from it.
 */
public interface Tokens {
    /** {@code y_t = W[ids_t]}, with {@code ids [rows]} in {@code 0 .. W.rows}. */
    void embed(int rows, Memory ids, Frozen w, Memory y);

    /** {@code y_t = table[ids_t]} with {@code table [*, cols]}, {@code y [rows, cols]}. */
    void gather(int rows, int cols, Memory ids, Memory table, Memory y);

    /** {@code table[i] (+)= sum_{t: ids_t = i} x_t}, in the order of t, for all rows i of the table: the backward pass of {@link #gather}. */
    void scatterAdd(int rows, int cols, Memory ids, Memory x, Sink table);

    /**
     * {@code losses_t = log sum_c exp(logits_tc) - logits_t,target} and, unless {@code dLogits} is null,
     * {@code dLogits_tc = scale (softmax(logits_t)_c - [c = target_t])}. dLogits may be logits.
     *
     * @param targets I32 [rows], each in {@code 0 .. classes}
     * @param losses [rows]
     */
    void crossEntropy(
            int rows, int classes, Memory logits, Memory targets, float scale, Memory losses, @Nullable Memory dLogits);
}
