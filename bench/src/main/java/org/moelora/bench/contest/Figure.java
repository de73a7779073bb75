package org.moelora.bench.contest;

import org.jspecify.annotations.Nullable;

/**
 * A line of the table: a ratio, or another number, held against its bar.
 *
 * @param what is compared
 * @param ours what this engine measured, as text
 * @param theirs what it is held against, as text
 * @param value the figure itself, null if it could not be measured
 * @param bar what it is to reach, null if it only informs
 */
public record Figure(
        String what,
        String ours,
        String theirs,
        @Nullable Spread value,
        @Nullable Bar bar) {
    /** One that could not be measured, and why. */
    public static Figure absent(String what, @Nullable Bar bar, String why) {
        return new Figure(what, "-", why, null, bar);
    }

    /** {@code yes}, {@code NO}, {@code absent}, or nothing where there is no bar. */
    public String met() {
        if (value == null) {
            return "absent";
        }
        if (bar == null) {
            return "";
        }
        return bar.isMetBy(value.median()) ? "yes" : "NO";
    }

    /** The head of a table of figures. */
    public static Table table() {
        return new Table("what", "ours", "against", "figure (min..max)", "bar", "met");
    }

    /** Adds this as a row. */
    public void addTo(Table table) {
        table.row(what, ours, theirs, value == null ? "-" : value.toString(), bar == null ? "" : bar.toString(), met());
    }
}
