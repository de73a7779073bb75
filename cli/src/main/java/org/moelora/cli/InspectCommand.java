package org.moelora.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSummary;
import org.moelora.adapter.Fingerprint;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.engine.InputException;
import org.moelora.eval.RoutingReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moelora inspect}. */
@Command(
        name = "inspect",
        customSynopsis = "moelora inspect ADAPTER [--model=DIR [--data=FILE...]] [OPTIONS]",
        header = "Show what an adapter is made of and, with data, who does the work in it.",
        footer = {
            "",
            "Examples:",
            "  moelora inspect run1/last",
            "  moelora inspect run1/last --model llama",
            "  moelora inspect run1/last --model llama --data test.jsonl",
        })
final class InspectCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(paramLabel = "ADAPTER", description = "The adapter's folder.")
    private @Nullable Path folder;

    @Under(Section.MODEL)
    @Option(names = "--model", paramLabel = "DIR", description = "Check that it fits this base.")
    private @Nullable Path model;

    @Under(Section.DATA)
    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "Run these rows through it and count the selections of experts; needs --model.")
    private @Nullable Path data;

    @Mixin
    private final LoadFlags load = new LoadFlags();

    InspectCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Path adapter = Flags.given("ADAPTER", folder);
        if (data != null && model == null) {
            throw new InputException(
                    "--data is given without --model; expected both, as rows are run through the model");
        }
        AdapterSummary summary = AdapterSummary.read(adapter);
        if (data != null && !(summary.config() instanceof MoeLoraConfig)) {
            throw new InputException("--data is given, and " + adapter
                    + " has no experts to choose among; expected no --data, or an adapter of the method moelora");
        }
        if (model == null) {
            print(summary);
            return 0;
        }
        try (View view = View.of(load.load(model), adapter, null)) {
            print(summary);
            line("fits", model.toString());
            if (data != null) {
                print(RoutingReport.measure(
                        view.model(), view.scorable(data, streams).rows()));
            }
        }
        return 0;
    }

    private void print(AdapterSummary summary) {
        AdapterConfig config = summary.config();
        line("method", config.method());
        line("parameters", Figures.count(summary.parameters()) + " on " + summary.linears() + " linears");
        line("rank", Integer.toString(config.rank()));
        line("alpha", config.alpha() + " (scale " + config.scale() + ")");
        line("dropout", Double.toString(config.dropout()));
        line("targets", config.targets().toString());
        if (config instanceof MoeLoraConfig mixture) {
            line(
                    "experts",
                    mixture.expertsPerLayer().stream().map(String::valueOf).collect(Collectors.joining(", ")));
            if (mixture.topK() > 0) {
                line("top-k", Integer.toString(mixture.topK()));
            }
            line("gate", mixture.gate().id());
            if (mixture.sharedA()) {
                line("shared-a", "true");
            }
            switch (mixture.gate()) {
                case GatePolicy.Threshold threshold ->
                    line("max-threshold", threshold.max() == 0 ? "1 / experts" : Double.toString(threshold.max()));
                case GatePolicy.ByTask byTask -> line("tasks", String.join(", ", byTask.tasks()));
                case GatePolicy.Renormalised top -> {}
                case GatePolicy.Raw top -> {}
                case GatePolicy.Dense dense -> {}
            }
        }
        summary.losses().forEach((name, value) -> line(name.replace('_', '-'), String.valueOf(value)));
        line("made on", summary.basePath().isEmpty() ? "(it does not say)" : summary.basePath());
        Fingerprint base = summary.base();
        line("base", base == null ? "(no fingerprint)" : base.architecture() + ", " + base.shapes());
    }

    private void line(String name, String value) {
        streams.out().printf("%-22s %s%n", name, value);
    }

    private void print(RoutingReport report) {
        String[] titles = new String[report.experts() + 2];
        titles[0] = "task";
        titles[1] = "linear";
        for (int e = 0; e < report.experts(); e++) {
            titles[e + 2] = "expert " + e;
        }
        Table table = new Table(titles);
        report.selections().forEach((task, modules) -> {
            for (int m = 0; m < modules.length; m++) {
                table.row(
                        cells(task.isEmpty() ? "(none)" : task, report.modules().get(m), modules[m]));
            }
            table.row(cells(task.isEmpty() ? "(none)" : task, "all", report.total(task)));
        });
        streams.out().println();
        streams.out().println("Selections, per task and linear:");
        table.print(streams.out());
        streams.out().println();
        streams.out()
                .println("mean cosine between the outputs of experts chosen for the same token: "
                        + String.format(Locale.ROOT, "%.4f", report.meanCosine()));
    }

    private static String[] cells(String task, String module, long[] counts) {
        String[] cells = new String[counts.length + 2];
        cells[0] = task;
        cells[1] = module;
        for (int e = 0; e < counts.length; e++) {
            cells[e + 2] = Figures.count(counts[e]);
        }
        return cells;
    }
}
