package org.moelora.engine.ops;

import java.util.Arrays;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.kernels.Kernels;

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
        Tensor from = tape.ints(tokens);
        Tensor to = tape.ints(rowOf);
        Tensor chosen = tape.tensor(Shape.of(n, width));
        int count = n;
        Kernels kernels = tape.kernels();
        return tape.op("sum of tokens")
                .detached(x)
                .constant("tokens", from)
                .constant("rows", to)
                .fills(chosen)
                .forward(Shape.of(rows, width), (v, h) -> {
                    kernels.tokens().gather(count, width, v.of(from), v.of(x), v.of(chosen));
                    kernels.tokens().scatterAdd(count, width, v.of(to), v.of(chosen), h);
                })
                .withoutBackward();
    }
}
