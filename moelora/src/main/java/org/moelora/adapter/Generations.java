package org.moelora.adapter;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;

/**
 * Which of the adapters that learned one after another answers which row of a pass. A generation is the number of adapters that learned later: 0 is the newest.
 *
 * @param ofRows [R] the generation that answers each row; null if the newest answers all
 * @param here the generation whose layers see the pass
 */
record Generations(int @Nullable [] ofRows, int here) {
    /** The newest answers all rows. */
    static final Generations NEWEST = new Generations(null, 0);

    /** Whether rows have been given to adapters. */
    boolean areChosen() {
        return ofRows != null;
    }

    Generations at(int generation) {
        return new Generations(ofRows, generation);
    }

    /** [R] */
    int[] ofRows(int rows) {
        return ofRows == null ? new int[rows] : ofRows.clone();
    }

    /** Those that answer a row, newest first. */
    int[] answering() {
        return ofRows == null
                ? new int[] {0}
                : Arrays.stream(ofRows).distinct().sorted().toArray();
    }

    /** 1 for tokens of the rows that the generation here answers, else 0: [T, columns]. */
    Tensor mask(Tape tape, RowLayout rows, int columns) {
        int[] generations = Objects.requireNonNull(ofRows);
        int[] starts = rows.starts();
        float[] mask = new float[rows.tokens() * columns];
        for (int row = 0; row < rows.count(); row++) {
            if (generations[row] == here) {
                Arrays.fill(mask, starts[row] * columns, starts[row + 1] * columns, 1);
            }
        }
        return tape.constant(mask, rows.tokens(), columns);
    }
}
