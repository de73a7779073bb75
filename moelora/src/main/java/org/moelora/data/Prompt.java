package org.moelora.data;

import org.jspecify.annotations.Nullable;

/**
 * A question and the answer that is expected to it. Immutable; the arrays must not be written.
 *
 * @param ids the tokens up to where the answer begins
 * @param answer the answer's text; null for a row of {@code input_ids} if there is no tokenizer
 * @param answerIds the answer's tokens, with the end-of-sequence token where the row has one
 * @param origin where it comes from, and its task
 */
public record Prompt(int[] ids, @Nullable String answer, int[] answerIds, Origin origin) {}
