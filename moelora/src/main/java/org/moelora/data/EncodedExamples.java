package org.moelora.data;

import java.time.LocalDate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Examples as rows of tokens.
 *
 * @param rows those that have a label, in the examples' order
 * @param cut how many of these lost tokens at their end, because they were too long
 * @param dropped how many examples are not among the rows, because no label was left within the length
 * @param skipped how many examples are not among the rows, because they were too long
 * @param sources the files that the examples were read from
 * @param date what a chat template took for today; null if none wrote any of the examples
 */
public record EncodedExamples(
        List<TokenRow> rows,
        int cut,
        int dropped,
        int skipped,
        List<Examples.Source> sources,
        @Nullable LocalDate date) {
    public EncodedExamples {
        rows = List.copyOf(rows);
        sources = List.copyOf(sources);
    }

    /** All tokens of all rows. */
    public long tokens() {
        return rows.stream().mapToLong(TokenRow::length).sum();
    }

    /** All labels that carry loss. */
    public long labels() {
        return rows.stream().mapToLong(TokenRow::labelCount).sum();
    }
}
