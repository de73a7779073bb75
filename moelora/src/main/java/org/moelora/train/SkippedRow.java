package org.moelora.train;

/**
 * A row that was left out because it makes NaN or infinite values.
 *
 * @param row its place in the data, from 0
 * @param where how messages name it, such as {@code train.jsonl line 3}
 * @param heldOut whether it is one of the rows to evaluate on
 * @param step in which it was found; it is left out from then on
 * @param reason where the first such value appears
 */
public record SkippedRow(int row, String where, boolean heldOut, long step, String reason) {}
