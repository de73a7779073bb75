package org.moelora.cli;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.AtomicFile;
import org.moelora.io.JsonWriter;
import org.moelora.train.FineTuner;
import org.moelora.train.RunSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moelora demo}. */
@Command(
        name = "demo",
        customSynopsis = "moelora demo [--quick] [--compare] [--out=DIR] [OPTIONS]",
        header = "Fine-tune the bundled model on eleven small tasks, and show what that brought.",
        footer = {
            "",
            "Examples:",
            "  moelora demo",
            "  moelora demo --compare --out comparison",
            "  moelora demo --quick",
        })
final class DemoCommand implements Callable<Integer> {
    private static final String REPORT = "report.json";

    private final Streams streams;

    @Under(Section.OPTIMIZER)
    @Option(names = "--quick", description = "At most 30,000 tokens of training, and 20 held-out rows per task.")
    private boolean quick;

    @Under(Section.OPTIMIZER)
    @Option(names = "--compare", description = "Then train LoRA of as many parameters under the same settings.")
    private boolean compare;

    @Under(Section.OUTPUT)
    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "Where adapters, report.html and report.json go: moelora-demo, or moelora-demo-2 and so on if it is taken.")
    private @Nullable Path out;

    @Under(Section.OPTIMIZER)
    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "Same seed, same adapter: 0.")
    private long seed;

    @Mixin
    private final DeviceFlags device = new DeviceFlags();

    DemoCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        DemoTasks tasks = DemoTasks.find();
        Path folder = folder();
        // Before the minutes that the first training takes.
        for (String each : compare ? List.of("moelora", "lora") : List.of("moelora")) {
            FineTuner.checkFolder(folder.resolve(each));
        }
        DemoSettings settings = quick ? DemoSettings.quick(seed) : DemoSettings.full(seed);
        DemoRun.Result result;
        try (Progress progress = new Progress(streams)) {
            result = new DemoRun(tasks, settings, folder, line -> streams.err().println("moelora: " + line), progress)
                    .run(device.choice(), compare);
        }
        Path report = folder.resolve(REPORT);
        AtomicFile.write(report, JsonWriter.pretty(DemoReport.asJson(result, quick, seed)));
        DemoReport.print(result, quick, streams.out());
        streams.out().println("adapter: " + result.mixture().folder());
        Path page = folder.resolve("report.html");
        ReportPage.write(page, "MoELoRA demo", page(result));
        streams.out().println("report:  " + page + ", and " + report);
        return 0;
    }

    private Map<String, Object> page(DemoRun.Result result) {
        List<ReportData.Shown> runs = Stream.of(result.mixture(), result.lora())
                .filter(Objects::nonNull)
                .map(trained -> new ReportData.Shown(
                        RunSummary.read(Objects.requireNonNull(trained.folder().getParent())), trained.routing()))
                .toList();
        String command = "moelora demo" + (quick ? " --quick" : "") + (compare ? " --compare" : "") + " --seed " + seed;
        return ReportData.of(runs, DemoReport.accuracies(result), List.of(command));
    }

    private Path folder() {
        if (out != null) {
            if (Files.exists(out.resolve(REPORT), LinkOption.NOFOLLOW_LINKS)) {
                throw new InputException(out + ": holds another demo's report.json; expected a folder without one");
            }
            return out;
        }
        Path folder = Path.of("moelora-demo");
        for (int i = 2; Files.exists(folder, LinkOption.NOFOLLOW_LINKS); i++) {
            folder = Path.of("moelora-demo-" + i);
        }
        return folder;
    }
}
