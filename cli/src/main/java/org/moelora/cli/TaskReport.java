package org.moelora.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.eval.Contamination;
import org.moelora.eval.Interval;
import org.moelora.eval.Question;
import org.moelora.eval.Scoring;
import org.moelora.eval.Task;
import org.moelora.eval.TaskScore;

/**
 * What {@code eval --task} shows.
 *
 * @param read questions in the file
 * @param contamination null if there was nothing to compare with
 * @param dropped whether the questions that occur in training data were left out
 * @param scores by the name of the view
 */
record TaskReport(
        Task task,
        Scoring scoring,
        int read,
        @Nullable Contamination contamination,
        boolean dropped,
        Map<String, TaskScore> scores) {
    private static final int SHOWN = 10;

    void print(Streams streams) {
        PrintStream out = streams.out();
        Table table = new Table(task.name(), "rows", "right", "accuracy", "95 % interval", "no answer");
        scores.forEach((name, score) -> table.row(
                name,
                Figures.count(score.rows()),
                Figures.count(score.correct()),
                Figures.percent(score.accuracy()),
                range(score.interval()),
                Figures.count(score.unread())));
        table.print(streams);
        if (contamination != null) {
            out.println();
            print(out, contamination);
        }
    }

    private static String range(Interval interval) {
        return String.format(Locale.ROOT, "%.1f to %.1f %%", 100 * interval.low(), 100 * interval.high());
    }

    private void print(PrintStream out, Contamination found) {
        List<Contamination.Hit> hits = found.hits();
        out.println("In training data: " + Figures.count(hits.size()) + " of " + Figures.count(read) + " rows"
                + (hits.isEmpty() ? "" : dropped ? ", left out" : ", counted all the same"));
        perFile(found).forEach((file, count) -> out.println("  " + file + ": " + Figures.count(count)));
        hits.stream()
                .limit(SHOWN)
                .forEach(hit -> out.println("  " + hit.question().origin().where() + " is " + hit.where()));
        if (hits.size() > SHOWN) {
            out.println("  and " + Figures.count(hits.size() - SHOWN) + " more; --json lists all");
        }
    }

    private static Map<Path, Integer> perFile(Contamination found) {
        Map<Path, Integer> counts = new LinkedHashMap<>();
        found.hits().forEach(hit -> counts.merge(hit.file(), 1, Integer::sum));
        return counts;
    }

    Map<String, Object> asJson() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("task", task.name());
        all.put("scoring", scoring.id());
        List<Map<String, Object>> results = new ArrayList<>();
        scores.forEach((name, score) -> {
            Map<String, Object> numbers = new LinkedHashMap<>();
            numbers.put("model", name);
            numbers.put("rows", score.rows());
            numbers.put("correct", score.correct());
            numbers.put("accuracy", score.accuracy());
            numbers.put("low", score.interval().low());
            numbers.put("high", score.interval().high());
            numbers.put("no_answer", score.unread());
            results.add(numbers);
        });
        all.put("results", results);
        if (contamination != null) {
            all.put("contamination", asJson(contamination));
        }
        return all;
    }

    private Map<String, Object> asJson(Contamination found) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("rows", found.hits().size());
        all.put("of", read);
        all.put("dropped", dropped);
        Map<String, Object> files = new LinkedHashMap<>();
        perFile(found).forEach((file, count) -> files.put(file.toString(), count));
        all.put("files", files);
        List<Map<String, Object>> hits = new ArrayList<>();
        for (Contamination.Hit hit : found.hits()) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("row", hit.question().origin().row());
            line.put("is", hit.where());
            hits.add(line);
        }
        all.put("hits", hits);
        return all;
    }

    /** Questions that are asked: those left after contaminated ones were dropped, at most {@code limit}. */
    static List<Question> asked(
            List<Question> questions, @Nullable Contamination contamination, boolean drop, int limit) {
        List<Question> left = drop && contamination != null ? contamination.clean(questions) : questions;
        return left.subList(0, Math.min(limit, left.size()));
    }
}
