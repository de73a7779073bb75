package org.moelora.engine.ops;

import java.util.Arrays;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/** {@code h_r = sum of x_t over the first tokens of row r}, in the order of t. Passes no gradient: what is made of h sees x as a constant. */
public final class SumOfTokens {
    private SumOfTokens() {}

    /**
     * @param x [T, n]
     * @param starts [R + 1] first token of each row, and T
     * @param counts [R] how many tokens of each row are summed; 0 gives zeros
     * @return [R, n]
     * @throws IllegalArgumentException if rows do not end where x does, or a count is not within its row
     */
    public static Tensor apply(Tape tape, Tensor x, int[] starts, int[] counts) {
        int width = x.shape().cols();
        int rows = counts.length;
        if (starts.length != rows + 1 || starts[rows] != x.shape().rows()) {
            throw new IllegalArgumentException(
                    rows + " rows that start at " + Arrays.toString(starts) + " do not lay out " + x.shape());
        }
        int[] tokens = new int[Arrays.stream(counts).sum()];
        int[] rowOf = new int[tokens.length];
        int n = 0;
        for (int r = 0; r < rows; r++) {
            if (counts[r] < 0 || counts[r] > starts[r + 1] - starts[r]) {
                throw new IllegalArgumentException("row " + r + " has " + (starts[r + 1] - starts[r])
                        + " tokens, of which " + counts[r] + " cannot be summed");
            }
            for (int i = 0; i < counts[r]; i++) {
                tokens[n] = starts[r] + i;
                rowOf[n++] = r;
            }
        }
        Tensor h = tape.tensor(false, Shape.of(rows, width));
        Tensor from = tape.ints(tokens);
        Tensor to = tape.ints(rowOf);
        Tensor chosen = tape.tensor(false, Shape.of(n, width));
        tape.kernels().tokens().gather(n, width, from.memory(), x.memory(), chosen.memory());
        tape.kernels().elementwise().fill(h.memory(), 0);
        tape.kernels().tokens().scatterAdd(n, width, to.memory(), chosen.memory(), h.memory());
        return h;
    }
}
