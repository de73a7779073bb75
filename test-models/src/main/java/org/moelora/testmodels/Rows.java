package org.moelora.testmodels;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.function.Supplier;

/** Draws rows until there are enough that differ in their prompt. */
final class Rows {
    private Rows() {}

    static List<Row> different(int count, Supplier<Row> draw) {
        var rows = new ArrayList<Row>(count);
        var prompts = new HashSet<String>();
        for (int tries = 0; rows.size() < count; tries++) {
            if (tries > 100 * count) {
                throw new IllegalStateException("only " + rows.size() + " different rows of " + count);
            }
            Row row = draw.get();
            if (prompts.add(row.prompt())) {
                rows.add(row);
            }
        }
        return rows;
    }
}
