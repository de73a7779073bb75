package org.moelora.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.eval.RoutingReport;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.train.RunSummary;

/** What the page of {@link ReportPage} shows, as its script reads it. */
final class ReportData {
    /** Points of a curve: more of them fall on one pixel. */
    static final int MOST_POINTS = 1500;

    private static final Set<String> NOT_CURVES = Set.of("step", "rows", "seconds");
    private static final List<String> PARTS = List.of("base", "adapter", "training", "machine", "versions");

    /**
     * A run.
     *
     * @param routing null if nothing was routed
     */
    record Shown(RunSummary run, @Nullable RoutingReport routing) {}

    /**
     * Accuracies of a demo.
     *
     * @param head names of the columns
     * @param rows of a task each
     */
    record Accuracies(List<String> head, List<List<Object>> rows) {}

    private ReportData() {}

    static Map<String, Object> of(List<Shown> shown, @Nullable Accuracies accuracies, List<String> commands) {
        List<String> names = names(shown.stream().map(one -> one.run().folder()).toList());
        List<Map<String, Object>> runs = new ArrayList<>();
        for (int i = 0; i < shown.size(); i++) {
            runs.add(run(names.get(i), shown.get(i)));
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("runs", runs);
        all.put("differences", differences(shown.stream().map(Shown::run).toList()));
        all.put("accuracy", accuracies == null ? null : Map.of("head", accuracies.head, "rows", accuracies.rows));
        List<String> again = new ArrayList<>(commands);
        for (Shown one : shown) {
            Path file = one.run().folder().resolve("run.yaml");
            if (Files.exists(file)) {
                again.add("moelora train --config " + file + " --out NEW");
            }
        }
        all.put("commands", again);
        return all;
    }

    /** The folders' names, with as many of the folders above as tell them apart. */
    static List<String> names(List<Path> folders) {
        List<Path> whole =
                folders.stream().map(path -> path.toAbsolutePath().normalize()).toList();
        for (int parts = 1; ; parts++) {
            int count = parts;
            List<String> names = whole.stream()
                    .map(path -> path.subpath(Math.max(0, path.getNameCount() - count), path.getNameCount())
                            .toString())
                    .toList();
            if (Set.copyOf(names).size() == Set.copyOf(whole).size()) {
                return names;
            }
        }
    }

    private static Map<String, Object> run(String name, Shown shown) {
        RunSummary run = shown.run();
        Map<String, List<double[]>> curves = new LinkedHashMap<>();
        Map<String, List<double[]>> tasks = new TreeMap<>();
        List<double[]> heldOut = new ArrayList<>();
        for (JsonObject line : run.metrics()) {
            double step = line.longInteger("step");
            if (line.has("eval_loss")) {
                heldOut.add(new double[] {step, line.number("eval_loss")});
                if (line.has("tasks")) {
                    JsonObject byTask = line.object("tasks");
                    byTask.names().forEach(task -> add(tasks, task, step, byTask.get(task)));
                }
                continue;
            }
            for (String field : line.names()) {
                if (!NOT_CURVES.contains(field)) {
                    add(curves, field, step, line.get(field));
                }
            }
        }
        int bucket = Math.max(1, Math.ceilDiv(run.losses().size(), MOST_POINTS));
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("name", name);
        all.put("state", state(run));
        all.put("bucket", bucket);
        all.put("series", curves(curves, bucket));
        all.put("heldOut", curve(heldOut, 1));
        all.put("tasks", curves(tasks, 1));
        all.put("routing", shown.routing() == null ? null : RoutingTables.asJson(shown.routing()));
        all.put("facts", facts(run));
        return all;
    }

    private static void add(Map<String, List<double[]>> curves, String name, double step, @Nullable Object value) {
        if (value == null || value instanceof Number) {
            double number = value == null ? Double.NaN : ((Number) value).doubleValue();
            curves.computeIfAbsent(name, key -> new ArrayList<>()).add(new double[] {step, number});
        }
    }

    private static Map<String, Object> curves(Map<String, List<double[]>> points, int bucket) {
        Map<String, Object> curves = new LinkedHashMap<>();
        points.forEach((name, list) -> curves.put(name, curve(list, bucket)));
        return curves;
    }

    /** Of each {@code bucket} points the last step and the mean. */
    private static Map<String, Object> curve(List<double[]> points, int bucket) {
        List<Long> steps = new ArrayList<>();
        List<Double> values = new ArrayList<>();
        for (int from = 0; from < points.size(); from += bucket) {
            List<double[]> part = points.subList(from, Math.min(points.size(), from + bucket));
            steps.add((long) part.getLast()[0]);
            values.add(part.stream().mapToDouble(point -> point[1]).average().orElseThrow());
        }
        return Map.of("steps", steps, "values", values);
    }

    private static String state(RunSummary run) {
        long step = run.losses().isEmpty() ? 0 : run.losses().getLast().step();
        String loss = run.losses().isEmpty()
                ? ""
                : ", loss " + Figures.loss(run.losses().getLast().loss());
        return run.running()
                ? "running, step " + step + " of " + run.steps() + loss
                : run.finished()
                        ? "finished, " + run.steps() + " steps in " + Figures.duration(run.seconds()) + loss
                        : "stopped after step " + step + " of " + run.steps() + loss;
    }

    private static List<Map<String, Object>> facts(RunSummary run) {
        JsonObject made = run.description();
        List<Map<String, Object>> groups = new ArrayList<>();
        List<List<Object>> rows = new ArrayList<>();
        rows.add(List.of("folder", run.folder().toString()));
        rows.add(List.of("begun", made.string("started")));
        rows.add(List.of("rows to train on", rows(made.object("train_rows"))));
        rows.add(List.of("rows to evaluate on", rows(made.object("held_out_rows"))));
        for (JsonObject file : made.array("data").objects()) {
            rows.add(List.of(
                    "data",
                    file.string("file") + ", " + Figures.count(file.integer("rows")) + " rows, SHA-256 "
                            + file.string("sha256")));
        }
        run.skipped()
                .forEach(row ->
                        rows.add(List.of("left out", row.where() + ": " + row.reason() + " is NaN or infinite")));
        groups.add(Map.of("title", "Run and rows", "rows", rows));
        for (String part : PARTS) {
            if (made.has(part)) {
                List<List<Object>> settings = new ArrayList<>();
                settings(made.object(part)).forEach((name, value) -> settings.add(List.of(name, value)));
                groups.add(Map.of(
                        "title", part.substring(0, 1).toUpperCase(Locale.ROOT) + part.substring(1), "rows", settings));
            }
        }
        return groups;
    }

    private static String rows(JsonObject rows) {
        return Figures.count(rows.integer("rows")) + ", " + Figures.count(rows.longInteger("tokens"))
                + " tokens, SHA-256 " + rows.string("sha256");
    }

    /** A setting of each run in a row, for those that are not the same in all. */
    private static List<List<Object>> differences(List<RunSummary> runs) {
        List<Map<String, String>> all = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        for (RunSummary run : runs) {
            Map<String, String> settings = new LinkedHashMap<>();
            for (String part : PARTS) {
                if (run.description().has(part)) {
                    settings(run.description().object(part))
                            .forEach((name, value) -> settings.put(part + ": " + name, value));
                }
            }
            settings.put("parameters", Figures.count(run.description().longInteger("parameters")));
            settings.put("rows to train on", rows(run.description().object("train_rows")));
            all.add(settings);
            names.addAll(settings.keySet());
        }
        List<List<Object>> rows = new ArrayList<>();
        for (String name : names) {
            List<String> values = all.stream()
                    .map(settings -> settings.getOrDefault(name, ""))
                    .toList();
            if (values.stream().distinct().count() > 1) {
                List<Object> row = new ArrayList<>();
                row.add(name);
                row.addAll(values);
                rows.add(row);
            }
        }
        return rows;
    }

    /** The settings of a part of {@code run.json} that are there, by the names of their flags. */
    static Map<String, String> settings(JsonObject json) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (String name : json.names()) {
            if (json.has(name)) {
                settings.put(name.replace('_', '-'), text(Objects.requireNonNull(json.get(name))));
            }
        }
        return settings;
    }

    private static String text(Object value) {
        return value instanceof JsonArray list
                ? IntStream.range(0, list.size())
                        .mapToObj(i -> String.valueOf(list.get(i)))
                        .collect(Collectors.joining(","))
                : String.valueOf(value);
    }
}
