package org.moelora.adapter;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.SumOfTokens;

/**
 * The R rows whose T tokens a forward pass sees, one after another.
 *
 * @param tasks each row's, null for a row without one
 * @param starts [R + 1] first token of each row, and T
 * @param prompts [R] how many tokens each row's prompt has, the first of the row; may be 0
 */
public record RowLayout(List<@Nullable String> tasks, int[] starts, int[] prompts) {
    /**
     * @throws IllegalArgumentException if the three are not of as many rows
     */
    public RowLayout {
        if (starts.length != prompts.length + 1 || tasks.size() != prompts.length) {
            throw new IllegalArgumentException(tasks.size() + " tasks, " + starts.length + " starts and "
                    + prompts.length + " prompts; expected as many tasks as prompts, and one start more");
        }
    }

    /** Rows that are nothing but prompts. */
    public static RowLayout ofPrompts(List<@Nullable String> tasks, int[] starts) {
        int[] prompts = new int[starts.length - 1];
        Arrays.setAll(prompts, r -> starts[r + 1] - starts[r]);
        return new RowLayout(tasks, starts, prompts);
    }

    /** R. */
    int count() {
        return prompts.length;
    }

    /** T. */
    int tokens() {
        return starts[starts.length - 1];
    }

    /** [T] the row of each token. */
    int[] rowOfTokens() {
        int[] rowOf = new int[tokens()];
        for (int row = 0; row < count(); row++) {
            Arrays.fill(rowOf, starts[row], starts[row + 1], row);
        }
        return rowOf;
    }

    /** [T] what a function says of each token's task, which is null where none is known. */
    int[] perToken(ToIntFunction<@Nullable String> ofTask) {
        int[] values = new int[tokens()];
        for (int row = 0; row < count(); row++) {
            Arrays.fill(values, starts[row], starts[row + 1], ofTask.applyAsInt(tasks.get(row)));
        }
        return values;
    }

    /** {@code h_r = sum_{t in prompt of r} x_t}, [R, n]. */
    Tensor sumsOfPrompts(Tape tape, Tensor x) {
        return SumOfTokens.apply(tape, x, starts, prompts);
    }
}
