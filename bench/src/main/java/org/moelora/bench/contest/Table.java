package org.moelora.bench.contest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows of cells under a head, for a console or in Markdown. Not thread-safe. */
public final class Table {
    private final List<String[]> rows = new ArrayList<>();

    public Table(String... head) {
        rows.add(head.clone());
    }

    /**
     * @throws IllegalArgumentException if the row does not have as many cells as the head
     */
    public Table row(String... cells) {
        if (cells.length != rows.getFirst().length) {
            throw new IllegalArgumentException(
                    "a row of " + cells.length + " cells under a head of " + rows.getFirst().length);
        }
        rows.add(cells.clone());
        return this;
    }

    public boolean isEmpty() {
        return rows.size() == 1;
    }

    /** Columns two spaces apart. */
    public List<String> text() {
        int[] widths = new int[rows.getFirst().length];
        for (String[] row : rows) {
            for (int c = 0; c < row.length; c++) {
                widths[c] = Math.max(widths[c], row[c].length());
            }
        }
        return rows.stream()
                .map(row -> {
                    StringBuilder line = new StringBuilder();
                    for (int c = 0; c < row.length; c++) {
                        line.append(row[c]).repeat(' ', widths[c] - row[c].length() + 2);
                    }
                    return line.toString().stripTrailing();
                })
                .toList();
    }

    /** The same as a table of GitHub's Markdown. */
    public List<String> markdown() {
        List<String> lines = new ArrayList<>();
        for (String[] row : rows) {
            lines.add("| "
                    + String.join(
                            " | ",
                            Arrays.stream(row).map(c -> c.replace("|", "\\|")).toList()) + " |");
            if (lines.size() == 1) {
                lines.add("|" + "---|".repeat(row.length));
            }
        }
        return lines;
    }
}
