package org.moelora.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.eval.Accuracy;
import org.moelora.eval.RoutingReport;

/** What the demo found, as tables for a person and as JSON for a program. */
final class DemoReport {
    private static final Accuracy.Count NONE = new Accuracy.Count(0, 0);

    private DemoReport() {}

    static void print(DemoRun.Result result, boolean quick, PrintStream out) {
        DemoRun.Trained lora = result.lora();
        out.println();
        accuracies(result, lora).print(out);
        long up = result.tasks().stream()
                .filter(task -> share(result.mixture().after(), task) > share(result.before(), task))
                .count();
        out.println("better after training: " + up + " of " + result.tasks().size() + " tasks");
        if (quick) {
            out.println("quick: trained on "
                    + Figures.count(result.mixture().report().tokens())
                    + " tokens and asked only the first rows of each task; the full demo gains more");
        }
        out.println();
        costs(result, lora).print(out);
        RoutingReport routing = result.mixture().routing();
        if (routing != null) {
            out.println();
            RoutingTables.printTasks(routing, out);
            out.println();
            RoutingTables.printMeans(routing, out);
        }
        out.println();
        out.println("the whole demo took " + Figures.duration(result.seconds()));
    }

    private static Table accuracies(DemoRun.Result result, DemoRun.@Nullable Trained lora) {
        List<String> titles = new ArrayList<>(List.of(
                "held-out accuracy",
                "rows",
                "chance",
                "before",
                result.mixture().method(),
                "gain"));
        if (lora != null) {
            titles.addAll(List.of(lora.method(), "gain"));
        }
        Table table = new Table(titles.toArray(String[]::new));
        double[] means = new double[4];
        for (DemoTasks.Task task : result.tasks()) {
            double[] shares = {
                task.chance(),
                share(result.before(), task),
                share(result.mixture().after(), task),
                lora == null ? 0 : share(lora.after(), task)
            };
            Arrays.setAll(means, i -> means[i] + shares[i] / result.tasks().size());
            table.row(cells(
                    task.name(), Integer.toString(count(result.before(), task).rows()), shares, lora != null));
        }
        table.row(cells("mean", Integer.toString(result.before().rows()), means, lora != null));
        return table;
    }

    private static String[] cells(String name, String rows, double[] shares, boolean compare) {
        List<String> cells = new ArrayList<>(List.of(name, rows));
        for (int i = 0; i < (compare ? 4 : 3); i++) {
            cells.add(Figures.points(shares[i]).substring(1));
            if (i >= 2) {
                cells.add(Figures.points(shares[i] - shares[1]));
            }
        }
        return cells.toArray(String[]::new);
    }

    /** For the page, in percent. */
    static ReportData.Accuracies accuracies(DemoRun.Result result) {
        DemoRun.Trained lora = result.lora();
        List<String> head = new ArrayList<>(
                List.of("task", "rows", "chance", "before", result.mixture().method()));
        if (lora != null) {
            head.add(lora.method());
        }
        List<List<Object>> rows = new ArrayList<>();
        for (DemoTasks.Task task : result.tasks()) {
            List<Object> row = new ArrayList<>(List.of(
                    task.name(),
                    count(result.before(), task).rows(),
                    percent(task.chance()),
                    percent(share(result.before(), task)),
                    percent(share(result.mixture().after(), task))));
            if (lora != null) {
                row.add(percent(share(lora.after(), task)));
            }
            rows.add(row);
        }
        return new ReportData.Accuracies(head, rows);
    }

    private static String percent(double share) {
        return Figures.points(share).substring(1);
    }

    private static Table costs(DemoRun.Result result, DemoRun.@Nullable Trained lora) {
        Table table = new Table("", "rank", "parameters", "tokens", "training", "tokens/s", "peak memory");
        for (DemoRun.Trained trained : lora == null ? List.of(result.mixture()) : List.of(result.mixture(), lora)) {
            String experts = trained.config() instanceof MoeLoraConfig mixture ? mixture.experts() + " x " : "";
            table.row(
                    trained.method(),
                    experts + trained.config().rank(),
                    Figures.count(trained.parameters()),
                    Figures.count(trained.report().tokens()),
                    Figures.duration(trained.report().seconds()),
                    Figures.count(Math.round(
                            trained.report().tokens() / trained.report().seconds())),
                    Figures.bytes(trained.report().peakBytes()));
        }
        return table;
    }

    /** The numbers of the tables: shares from 0 to 1. */
    static Map<String, Object> asJson(DemoRun.Result result, boolean quick, long seed) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("quick", quick);
        json.put("seed", seed);
        json.put("seconds", result.seconds());
        json.put("method", result.mixture().method());
        json.put("moelora", cost(result.mixture()));
        DemoRun.Trained lora = result.lora();
        if (lora != null) {
            json.put("lora", cost(lora));
        }
        RoutingReport routing = result.mixture().routing();
        List<Map<String, Object>> tasks = new ArrayList<>();
        for (DemoTasks.Task task : result.tasks()) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("task", task.name());
            line.put("rows", count(result.before(), task).rows());
            line.put("chance", task.chance());
            line.put("before", share(result.before(), task));
            line.put("after", share(result.mixture().after(), task));
            if (lora != null) {
                line.put("lora", share(lora.after(), task));
            }
            tasks.add(line);
        }
        json.put("tasks", tasks);
        if (routing != null) {
            json.put("routing", RoutingTables.asJson(routing));
        }
        return json;
    }

    private static Map<String, Object> cost(DemoRun.Trained trained) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("adapter", trained.folder().toString());
        json.put("rank", trained.config().rank());
        json.put("experts", trained.config().experts());
        json.put("parameters", trained.parameters());
        json.put("tokens", trained.report().tokens());
        json.put("steps", trained.report().steps());
        json.put("seconds", trained.report().seconds());
        json.put("peak_bytes", trained.report().peakBytes());
        return json;
    }

    private static Accuracy.Count count(Accuracy accuracy, DemoTasks.Task task) {
        return accuracy.tasks().getOrDefault(task.name(), NONE);
    }

    private static double share(Accuracy accuracy, DemoTasks.Task task) {
        return count(accuracy, task).share();
    }
}
