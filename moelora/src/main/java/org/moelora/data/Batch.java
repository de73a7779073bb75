package org.moelora.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.RowLayout;

/**
 * Several rows, one after another without padding. The causal shift happens here: token t is predicted at position t - 1.
 *
 * @param rows the rows, in order
 * @param ids [T] tokens of all rows
 * @param starts [rows + 1] first token of each row, and T
 * @param positions [N] the tokens after which something is predicted that carries loss, ascending
 * @param targets [N] what is predicted there
 */
public record Batch(List<TokenRow> rows, int[] ids, int[] starts, int[] positions, int[] targets) {
    /** Lays rows out. */
    public static Batch of(List<TokenRow> rows) {
        int tokens = rows.stream().mapToInt(TokenRow::length).sum();
        int labels = rows.stream().mapToInt(TokenRow::labelCount).sum();
        int[] ids = new int[tokens];
        int[] starts = new int[rows.size() + 1];
        int[] positions = new int[labels];
        int[] targets = new int[labels];
        int n = 0;
        for (int r = 0; r < rows.size(); r++) {
            TokenRow row = rows.get(r);
            int start = starts[r];
            starts[r + 1] = start + row.length();
            System.arraycopy(row.inputIds(), 0, ids, start, row.length());
            for (int i = 1; i < row.length(); i++) {
                if (row.labels()[i] != TokenRow.IGNORED) {
                    positions[n] = start + i - 1;
                    targets[n++] = row.labels()[i];
                }
            }
        }
        return new Batch(List.copyOf(rows), ids, starts, positions, targets);
    }

    /**
     * A batch that none of {@code count} of these rows exceeds: as many tokens as the longest rows together, and as many labels as those with the most
     * labels together. For planning; its tokens mean nothing.
     */
    public static Batch largest(List<TokenRow> rows, int count) {
        List<TokenRow> longest = rows.stream()
                .sorted(Comparator.comparingInt(TokenRow::length).reversed())
                .limit(count)
                .toList();
        int labels = rows.stream()
                .map(TokenRow::labelCount)
                .sorted(Comparator.reverseOrder())
                .limit(count)
                .mapToInt(Integer::intValue)
                .sum();
        Batch layout = of(longest);
        return new Batch(longest, new int[layout.tokens()], layout.starts(), new int[labels], new int[labels]);
    }

    /** Cuts rows into batches of at most {@code tokens} tokens each, in order; a longer row gets one of its own. */
    public static List<Batch> byTokens(List<TokenRow> rows, int tokens) {
        List<Batch> batches = new ArrayList<>();
        List<TokenRow> current = new ArrayList<>();
        int size = 0;
        for (TokenRow row : rows) {
            if (!current.isEmpty() && size + row.length() > tokens) {
                batches.add(of(current));
                current.clear();
                size = 0;
            }
            current.add(row);
            size += row.length();
        }
        if (!current.isEmpty()) {
            batches.add(of(current));
        }
        return batches;
    }

    /** The task of each row, null for a row without one. */
    public List<@Nullable String> tasks() {
        List<@Nullable String> tasks = new ArrayList<>();
        rows.forEach(row -> tasks.add(row.task()));
        return tasks;
    }

    /** Which tokens are whose, and how many of each row come before its first label. */
    public RowLayout layout() {
        return new RowLayout(
                tasks(), starts, rows.stream().mapToInt(TokenRow::promptLength).toArray());
    }

    /** T. */
    public int tokens() {
        return ids.length;
    }

    /** N. */
    public int labels() {
        return targets.length;
    }
}
