package org.moelora.data;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A row as the model reads it. Immutable; the arrays must not be written.
 *
 * @param inputIds tokens, at least one
 * @param labels as many: the token itself where predicting it carries loss, {@link #IGNORED} elsewhere
 * @param task which task it belongs to, or null
 * @param row its place in the data, from 0
 * @param where how messages name it, such as {@code train.jsonl line 3}; not part of {@link #equals}
 */
public record TokenRow(
        int[] inputIds, int[] labels, @Nullable String task, int row, String where) {
    /** The label of a token that carries no loss. */
    public static final int IGNORED = -100;

    public TokenRow {
        if (inputIds.length == 0 || inputIds.length != labels.length) {
            throw new IllegalArgumentException(
                    "row " + row + " has " + inputIds.length + " tokens and " + labels.length + " labels");
        }
    }

    /** A row that a program made. */
    public TokenRow(int[] inputIds, int[] labels, @Nullable String task, int row) {
        this(inputIds, labels, task, row, "row " + row);
    }

    /** Tokens in the row. */
    public int length() {
        return inputIds.length;
    }

    /** Labels that count: the first token is never predicted. */
    public int labelCount() {
        int count = 0;
        for (int i = 1; i < labels.length; i++) {
            count += labels[i] == IGNORED ? 0 : 1;
        }
        return count;
    }

    /** Tokens before the first that carries loss: all of them where none does. */
    public int promptLength() {
        int length = 0;
        while (length < labels.length && labels[length] == IGNORED) {
            length++;
        }
        return length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenRow that
                && row == that.row
                && Arrays.equals(inputIds, that.inputIds)
                && Arrays.equals(labels, that.labels)
                && Objects.equals(task, that.task);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(inputIds) * 31 + row;
    }

    @Override
    public String toString() {
        return "row " + row + ": " + inputIds.length + " tokens, " + labelCount() + " labels";
    }
}
