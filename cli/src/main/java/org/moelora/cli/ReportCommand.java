package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.engine.InputException;
import org.moelora.eval.RoutingReport;
import org.moelora.train.RunSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moelora report}. */
@Command(
        name = "report",
        customSynopsis = "moelora report RUN... [--out=FILE] [--model=DIR --data=FILE...] [OPTIONS]",
        header = "Write a page that shows runs: curves, settings and, with data, who is routed where.",
        description = {
            "%nOne HTML file with all it needs in it, which asks no other host for anything. Several runs are drawn over each",
            "other, with a table of what differs. \"train\" and \"demo\" write one by themselves, report.html.",
        },
        footer = {
            "",
            "Examples:",
            "  moelora report run1",
            "  moelora report run1 run2 --out both.html",
            "  moelora report run1 --model llama --data test.jsonl",
        })
final class ReportCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(paramLabel = "RUN", arity = "0..*", description = "Folders of runs. They are only read.")
    private @Nullable List<Path> folders;

    @Under(Section.MODEL)
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "The base of the runs, to measure what their routers do.")
    private @Nullable Path model;

    @Under(Section.DATA)
    @Option(
            names = "--data",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Rows of several tasks to route; needs --model.")
    private @Nullable List<Path> data;

    @Mixin
    private final DateFlag date = new DateFlag();

    @Under(Section.OUTPUT)
    @Option(names = "--out", paramLabel = "FILE", defaultValue = "report.html", description = "The page: report.html.")
    private Path out = Path.of("report.html");

    @Mixin
    private final LoadFlags load = new LoadFlags();

    ReportCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        if (folders == null || folders.isEmpty()) {
            throw new InputException("RUN is missing; give the folder of a run, or of several");
        }
        if ((data == null) != (model == null)) {
            throw new InputException("--data and --model go together, as rows are run through the model; give both");
        }
        LocalDate today = date.date();
        if (data == null) {
            date.refuse("there are no rows; expected --data with it");
        }
        List<ReportData.Shown> shown = new ArrayList<>();
        for (Path folder : folders) {
            RunSummary run = RunSummary.read(folder);
            shown.add(new ReportData.Shown(run, routing(run, today)));
        }
        String title = String.join(", ", ReportData.names(folders));
        ReportPage.write(out, title, ReportData.of(shown, null, List.of()));
        streams.out().println("report: " + out);
        return 0;
    }

    private @Nullable RoutingReport routing(RunSummary run, LocalDate today) {
        if (model == null || data == null || !(run.adapter() instanceof MoeLoraConfig)) {
            return null;
        }
        RunSummary.Saved newest = run.newest();
        Path adapter = run.finished() ? run.last() : newest == null ? null : newest.folder();
        if (adapter == null) {
            return null;
        }
        try (View view = View.of(load.load(model), adapter, null)) {
            return RoutingReport.measure(
                    view.model(),
                    view.scorable(data, today, streams).rows(),
                    run.description().longInteger("seed"));
        }
    }
}
