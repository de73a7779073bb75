package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSettings;
import org.moelora.adapter.AdapterSummary;
import org.moelora.adapter.Fingerprint;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.engine.InputException;
import org.moelora.eval.RoutingReport;
import org.moelora.io.JsonWriter;
import org.moelora.settings.Setting;
import org.moelora.settings.Values;
import org.moelora.train.RunSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moelora inspect}. */
@Command(
        name = "inspect",
        customSynopsis = "moelora inspect ADAPTER [--model=DIR [--data=FILE...]] [--json] [OPTIONS]",
        header = "Show what an adapter is made of and, with data, what its routers do.",
        description = {
            "%nWith rows of several tasks: how much a token's expert says about its task, linear by linear, beside what",
            "the routers said before training; then how the experts share the work and how much they differ.",
        },
        footer = {
            "",
            "Examples:",
            "  moelora inspect run1/last",
            "  moelora inspect run1/last --model llama",
            "  moelora inspect run1/last --model llama --data test.jsonl",
            "  moelora inspect run1/last --model llama --data test.jsonl --json > routing",
        })
final class InspectCommand implements Callable<Integer> {
    private static final String SELECTION_BIAS = "selection_bias";

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
            arity = "1..*",
            description = "Run these rows through it and measure what its routers do; needs --model.")
    private @Nullable List<Path> data;

    @Mixin
    private final DateFlag date = new DateFlag();

    @Under(Section.OUTPUT)
    @Option(names = "--json", description = "One JSON object, with the numbers of every linear.")
    private boolean json;

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
        LocalDate today = date.date();
        if (data == null) {
            date.refuse("there are no rows; expected --data with it");
        }
        AdapterSummary summary = AdapterSummary.read(adapter);
        if (data != null && !(summary.config() instanceof MoeLoraConfig)) {
            throw new InputException("--data is given, and " + adapter
                    + " has no experts to choose among; expected no --data, or an adapter of the method moelora");
        }
        if (model == null) {
            show(summary, null);
            return 0;
        }
        try (View view = View.of(load.load(model), adapter, null)) {
            show(
                    summary,
                    data == null
                            ? null
                            : RoutingReport.measure(
                                    view.model(),
                                    view.scorable(data, today, streams).rows(),
                                    RunSummary.seedOf(adapter).orElse(0)));
        }
        return 0;
    }

    private void show(AdapterSummary summary, @Nullable RoutingReport routing) {
        if (json) {
            streams.out().println(JsonWriter.line(asJson(summary, routing)));
            return;
        }
        print(summary);
        if (model != null) {
            line("fits", model.toString());
        }
        if (routing != null) {
            streams.out().println();
            RoutingTables.printTasks(routing, streams.out());
            streams.out().println();
            RoutingTables.printLinears(routing, streams.out());
        }
    }

    private void print(AdapterSummary summary) {
        AdapterConfig config = summary.config();
        line("method", config.method());
        line("parameters", Figures.count(summary.parameters()) + " on " + summary.linears() + " linears");
        for (Setting<AdapterConfig, ?> setting : AdapterSettings.SETTINGS.listed(config, Values.NONE)) {
            line(setting.name(), shown(setting, config));
        }
        line("scale", Double.toString(config.scale()));
        if (isBiased(config)) {
            line(SELECTION_BIAS.replace('_', '-'), "true");
        }
        summary.losses().forEach((name, value) -> line(name.replace('_', '-'), String.valueOf(value)));
        line("made on", summary.basePath().isEmpty() ? "(it does not say)" : summary.basePath());
        Fingerprint base = summary.base();
        line("base", base == null ? "(no fingerprint)" : base.architecture() + ", " + base.shapes());
    }

    private static <T> String shown(Setting<AdapterConfig, T> setting, AdapterConfig config) {
        return setting.kind().shown(Objects.requireNonNull(setting.getter().apply(config)));
    }

    private static boolean isBiased(AdapterConfig config) {
        GatePolicy gate = config.gate();
        return gate != null && gate.biased();
    }

    private void line(String name, String value) {
        new Facts(streams, 0, 22).print(name, value);
    }

    private Map<String, Object> asJson(AdapterSummary summary, @Nullable RoutingReport routing) {
        AdapterConfig config = summary.config();
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("method", config.method());
        all.put("parameters", summary.parameters());
        all.put("linears", summary.linears());
        for (Setting<AdapterConfig, ?> setting : AdapterSettings.SETTINGS.all()) {
            Object value = setting.written(config);
            if (value != null) {
                all.put(setting.field(), value);
            }
        }
        all.put("scale", config.scale());
        if (config.gate() != null) {
            all.put(SELECTION_BIAS, isBiased(config));
        }
        all.put("losses", summary.losses());
        all.put("made_on", summary.basePath());
        Fingerprint base = summary.base();
        if (base != null) {
            all.put("base", Map.of("architecture", base.architecture(), "shapes", base.shapes()));
        }
        if (model != null) {
            all.put("fits", model.toString());
        }
        if (routing != null) {
            all.put("routing", RoutingTables.asJson(routing));
        }
        return all;
    }
}
