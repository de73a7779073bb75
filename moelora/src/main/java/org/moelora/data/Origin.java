package org.moelora.data;

import org.jspecify.annotations.Nullable;

/**
 * Where an example comes from.
 *
 * @param where how complaints name it: the file with the line or row, such as {@code train.jsonl line 3}
 * @param row its place among all examples that were read together, from 0
 * @param task which task it belongs to, or null
 * @param learned whether anything of it carries loss: a row of weight 0 does not
 */
public record Origin(String where, int row, @Nullable String task, boolean learned) {
    /** Of an example that is learned. */
    public Origin(String where, int row, @Nullable String task) {
        this(where, row, task, true);
    }

    /** An example that a program made. */
    public static Origin of(int row) {
        return new Origin("row " + row, row, null);
    }
}
