package org.moelora.adapter;

import java.util.Arrays;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.Embedding;
import org.moelora.engine.ops.Multiply;
import org.moelora.engine.ops.RmsNorm;
import org.moelora.engine.ops.WeightedSum;

/**
 * What a router of prompts reads ({@link Router.Prompt}): {@code f_r = a .* h_r / rms(h_r) - c} with {@code h_r} the sum of a linear's input over the row's
 * prompt, and 0 for a row without a prompt. a and c are statistics of the router.
 */
final class PromptFeatures {
    /** Keeps the sum over an empty prompt from being divided by its root mean square, 0. */
    private static final float EPSILON = 1e-12f;

    private PromptFeatures() {}

    /**
     * {@code h_r / rms(h_r)}.
     *
     * @param h [R, in]
     */
    static Tensor normalised(Tape tape, Tensor h) {
        float[] ones = new float[h.shape().cols()];
        Arrays.fill(ones, 1);
        return RmsNorm.apply(tape, h, tape.constant(ones, ones.length), EPSILON);
    }

    /**
     * @param h [R, in]
     * @param prompts [R] how many tokens each row's prompt has
     * @param a [in]
     * @param c [in]
     * @return f [R, in]
     */
    static Tensor apply(Tape tape, Tensor h, int[] prompts, Tensor a, Tensor c) {
        int rows = prompts.length;
        int width = h.shape().cols();
        Tensor scaled = RmsNorm.apply(tape, h, a, EPSILON);
        Tensor centres = Embedding.gather(tape, tape.ints(new int[rows]), c);
        Tensor f = WeightedSum.apply(tape, new Tensor[] {scaled, centres}, new float[] {1, -1});
        if (Arrays.stream(prompts).allMatch(length -> length > 0)) {
            return f;
        }
        float[] has = new float[rows * width];
        for (int row = 0; row < rows; row++) {
            Arrays.fill(has, row * width, (row + 1) * width, prompts[row] > 0 ? 1 : 0);
        }
        return Multiply.apply(tape, f, tape.constant(has, rows, width));
    }
}
