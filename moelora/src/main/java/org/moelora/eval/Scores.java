package org.moelora.eval;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Scores of several rows. */
public record Scores(List<RowScore> rows) {
    public Scores {
        rows = List.copyOf(rows);
    }

    /** Labels of all rows. */
    public long tokens() {
        return rows.stream().mapToLong(RowScore::tokens).sum();
    }

    /** Mean negative log-probability over the labels of all rows. */
    public double loss() {
        return rows.stream().mapToDouble(RowScore::total).sum() / tokens();
    }

    /** {@code exp(loss)}. */
    public double perplexity() {
        return Math.exp(loss());
    }

    /** The scores of each task's rows; rows without a task are left out. */
    public SortedMap<String, Scores> byTask() {
        SortedMap<String, Scores> tasks = new TreeMap<>();
        for (RowScore row : rows) {
            String task = row.task();
            if (task != null && !tasks.containsKey(task)) {
                tasks.put(
                        task,
                        new Scores(
                                rows.stream().filter(r -> task.equals(r.task())).toList()));
            }
        }
        return tasks;
    }
}
