package org.moelora.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.train.RunSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moelora show}. */
@Command(
        name = "show",
        customSynopsis = "moelora show RUN [--csv | --json]",
        header = "Show what a run is made with, how far it is, and whether it can go on.",
        footer = {
            "",
            "Examples:",
            "  moelora show run1",
            "  moelora show run1 --csv > metrics.csv",
        })
final class ShowCommand implements Callable<Integer> {
    private static final int WIDTH = 60;
    private static final int PARTS = 8;

    private final Streams streams;

    @Parameters(paramLabel = "RUN", description = "The folder of a run. It is only read.")
    private @Nullable Path folder;

    @Under(Section.OUTPUT)
    @Option(names = "--csv", description = "The numbers of every step and evaluation instead, as CSV.")
    private boolean csv;

    @Under(Section.OUTPUT)
    @Option(names = "--json", description = "One JSON object instead: how far it is, and run.json in it.")
    private boolean json;

    ShowCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        RunSummary run = RunSummary.read(Flags.given("RUN", folder));
        if (csv && json) {
            throw new InputException("--csv and --json are both given; expected one of them");
        }
        if (csv) {
            RunMetrics.csv(run.metrics()).forEach(streams.out()::println);
            return 0;
        }
        if (json) {
            streams.out().println(JsonWriter.line(asJson(run)));
            return 0;
        }
        JsonObject made = run.description();
        JsonObject versions = made.object("versions");
        JsonObject machine = made.object("machine");
        JsonObject base = made.object("base");
        line("run", run.folder() + ", begun " + made.string("started"));
        line("state", state(run));
        line(
                "made with",
                "moelora " + versions.string("moelora") + ", Java " + versions.string("java") + ", "
                        + versions.string("os"));
        line(
                "machine",
                machine.string("cpu") + ", " + machine.integer("cores") + " cores"
                        + (machine.has("memory_bytes")
                                ? ", " + Figures.bytes(machine.longInteger("memory_bytes")) + " of memory"
                                : ""));
        line("device", machine.string("device"));
        line("base", base.string("folder") + " (" + base.string("shapes") + ")");
        line("adapter", settings(made.object("adapter")));
        line("training", settings(made.object("training")));
        for (JsonObject file : made.array("data").objects()) {
            line(
                    "data",
                    file.string("file") + ", " + Figures.count(file.integer("rows")) + " rows, SHA-256 "
                            + file.string("sha256").substring(0, 12));
        }
        line(
                "rows",
                rows(made.object("train_rows")) + " to train on; " + rows(made.object("held_out_rows"))
                        + " to evaluate on");
        run.skipped().forEach(row -> line("left out", row.where() + ": " + row.reason() + " is NaN or infinite"));
        losses(run);
        for (RunSummary.Saved checkpoint : run.checkpoints()) {
            line(
                    "checkpoint",
                    checkpoint.folder() + (checkpoint.damage() == null ? "" : ", damaged: " + checkpoint.damage()));
        }
        if (Files.isDirectory(run.best())) {
            line("the best", run.best().toString());
        }
        if (run.finished()) {
            line("the last", run.last().toString());
        }
        return 0;
    }

    private static Map<String, Object> asJson(RunSummary run) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("folder", run.folder().toString());
        all.put("state", run.running() ? "running" : run.finished() ? "finished" : "stopped");
        all.put("step", run.losses().isEmpty() ? 0 : run.losses().getLast().step());
        all.put("steps", run.steps());
        all.put("seconds", run.seconds());
        if (!run.losses().isEmpty()) {
            all.put("loss", run.losses().getLast().loss());
        }
        if (!run.evaluations().isEmpty()) {
            all.put("eval_loss", run.evaluations().getLast().loss());
        }
        all.put(
                "checkpoints",
                run.checkpoints().stream()
                        .map(checkpoint -> Map.of(
                                "folder",
                                checkpoint.folder().toString(),
                                "step",
                                checkpoint.step(),
                                "damage",
                                checkpoint.damage() == null ? "" : checkpoint.damage()))
                        .toList());
        all.put("run", run.description());
        return all;
    }

    private static String state(RunSummary run) {
        RunSummary.Saved newest = run.newest();
        if (run.running()) {
            long done = run.losses().isEmpty() ? 0 : run.losses().getLast().step();
            return "running, step " + done + " of " + run.steps();
        }
        if (run.finished()) {
            return "finished, " + run.steps() + " steps in " + Figures.duration(run.seconds());
        }
        return newest == null
                ? "stopped, without a checkpoint that is whole: it cannot go on"
                : "stopped, step " + newest.step() + " of " + run.steps() + "; to go on: moelora train --resume "
                        + run.folder();
    }

    private static String settings(JsonObject json) {
        return ReportData.settings(json).entrySet().stream()
                .map(setting -> setting.getKey() + " " + setting.getValue())
                .collect(Collectors.joining(", "));
    }

    private static String rows(JsonObject rows) {
        return Figures.count(rows.integer("rows")) + " (" + Figures.count(rows.longInteger("tokens")) + " tokens)";
    }

    private void losses(RunSummary run) {
        PrintStream out = streams.out();
        List<RunSummary.Point> losses = run.losses();
        if (losses.isEmpty()) {
            return;
        }
        out.println();
        out.println(Sparkline.of(losses, WIDTH, out.charset()));
        Table table = new Table("steps", "mean loss", "evaluation");
        int parts = Math.min(PARTS, losses.size());
        for (int i = 0; i < parts; i++) {
            List<RunSummary.Point> part = losses.subList(
                    (int) ((long) losses.size() * i / parts), (int) ((long) losses.size() * (i + 1) / parts));
            long from = part.getFirst().step();
            long to = part.getLast().step();
            String evaluation = run.evaluations().stream()
                    .filter(point -> point.step() >= from && point.step() <= to)
                    .map(point -> Figures.loss(point.loss()))
                    .reduce("", (a, b) -> b);
            table.row(from == to ? "" + from : from + "-" + to, Figures.loss(Sparkline.mean(part)), evaluation);
        }
        table.print(streams);
        out.println();
    }

    private void line(String name, String value) {
        new Facts(streams, 0, 11).print(name, value);
    }
}
