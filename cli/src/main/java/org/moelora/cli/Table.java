package org.moelora.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** Columns of text: the first from the left, the others from the right. */
final class Table {
    private static final int LEAST_KEY = 12;

    private final List<List<String>> rows = new ArrayList<>();
    private final int keys;

    Table(String... titles) {
        this(1, titles);
    }

    /**
     * @param keys columns that say what a row is, and are repeated where a table is too wide for one piece
     */
    Table(int keys, String... titles) {
        this.keys = keys;
        row(titles);
    }

    void row(String... cells) {
        rows.add(List.of(cells));
    }

    /** As wide as it is. */
    void print(PrintStream out) {
        print(out, Integer.MAX_VALUE);
    }

    /** In lines that fit: in pieces below each other, and with the ends of the first cells where these are long. */
    void print(Streams streams) {
        int columns = streams.columns().getAsInt();
        print(streams.out(), columns == 0 ? Integer.MAX_VALUE : columns);
    }

    private void print(PrintStream out, int room) {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int c = 0; c < columns; c++) {
                widths[c] = Math.max(widths[c], row.get(c).length());
            }
        }
        int all = 2 * (columns - 1);
        for (int width : widths) {
            all += width;
        }
        if (all > room) {
            widths[0] = Math.min(widths[0], Math.max(LEAST_KEY, widths[0] - (all - room)));
        }
        int from = keys;
        do {
            int to = from;
            int used = 2 * (keys - 1);
            for (int c = 0; c < keys; c++) {
                used += widths[c];
            }
            while (to < columns && (to == from || used + 2 + widths[to] <= room)) {
                used += 2 + widths[to++];
            }
            if (from > keys) {
                out.println();
            }
            for (List<String> row : rows) {
                out.println(line(row, widths, from, to));
            }
            from = to;
        } while (from < columns);
    }

    private String line(List<String> row, int[] widths, int from, int to) {
        StringBuilder line = new StringBuilder();
        for (int c = 0; c < to; c = c + 1 == keys ? Math.max(from, keys) : c + 1) {
            String cell = row.get(c).length() > widths[c]
                    ? "..." + row.get(c).substring(row.get(c).length() - widths[c] + 3)
                    : row.get(c);
            String space = " ".repeat(widths[c] - cell.length());
            line.append(c == 0 ? cell + space : "  " + space + cell);
        }
        return line.toString().stripTrailing();
    }
}
