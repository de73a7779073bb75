package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSummary;
import org.moelora.data.EncodedExamples;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.data.RowLimit;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.MemoryPlan;
import org.moelora.train.FineTuner;
import org.moelora.train.RunSummary;
import org.moelora.train.SkippedRow;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code moelora train}. */
@Command(
        name = "train",
        customSynopsis = {
            "moelora train --model=DIR --data=FILE... --out=DIR [OPTIONS]",
            "       moelora train --resume=DIR [OPTIONS]"
        },
        header = "Train an adapter on a checkpoint and rows of data.",
        footer = {
            "",
            "A row is one of: instruction (and input) and output; prompt and completion; messages; text;"
                    + " input_ids and labels. With a field task, losses are reported per task too.",
            "",
            "Examples:",
            "  moelora train --model llama --data train.jsonl --out run1",
            "  moelora train --model llama --data a.jsonl b.jsonl --out run2 --seed 1",
            "  moelora train --config run1/run.yaml --out run3 --eval-split 0.05",
            "  moelora train --model llama --data b.jsonl --out 4 --init-adapter run1/last",
            "  moelora train --model llama --data train.jsonl --dry-run",
            "  moelora train --resume run1",
        })
final class TrainCommand implements Callable<Integer>, SettingFlags.Owner {
    private final Streams streams;

    @Mixin
    private final TrainFlags flags;

    @Mixin
    private final MemoryFlags memory;

    @Mixin
    private final LoadFlags load;

    TrainCommand(Streams streams) {
        this(streams, new TrainFlags(), new MemoryFlags(), new LoadFlags());
    }

    /** For a command that trains what it has made, with flags of its own beside these. */
    TrainCommand(Streams streams, TrainFlags flags, MemoryFlags memory, LoadFlags load) {
        this.streams = streams;
        this.flags = flags;
        this.memory = memory;
        this.load = load;
    }

    /** Makes the adapter that a training begins with, where it is neither a new one nor one in a folder. */
    interface Beginning {
        Adapter make(Decoder base);
    }

    /** Rows to train on, and rows to evaluate on. */
    private record Rows(EncodedExamples train, @Nullable EncodedExamples heldOut) {
        List<TokenRow> evaluated() {
            return heldOut == null ? List.of() : heldOut.rows();
        }

        /** What the chat template took for today; null if none wrote any of the rows. */
        @Nullable LocalDate date() {
            return train.date() != null || heldOut == null ? train.date() : heldOut.date();
        }
    }

    @Override
    public SettingFlags settings() {
        return flags.settings();
    }

    @Override
    public Integer call() {
        return run(null);
    }

    /**
     * @param beginning null for what the flags say
     */
    int run(@Nullable Beginning beginning) {
        flags.check();
        memory.limit();
        Path resumed = flags.resume();
        RunSummary run = resumed == null ? null : RunSummary.read(resumed);
        if (run != null) {
            flags.adapter().resumes();
        }
        Path from = run == null
                ? flags.adapter().initAdapter()
                : null; // what the run holds takes the initial adapter's place
        AdapterSummary start = from == null ? null : AdapterSummary.read(from);
        AdapterConfig asked = run != null
                ? run.adapter()
                : beginning != null ? null : flags.adapter().config(start);
        if (asked != null) {
            flags.training(asked); // refuses what is wrong before the base is opened, which can take a while
        }
        try (Decoder base = load.load(flags.model())) {
            RowLimit limit = flags.rowLimit().within(base.config().maxPositions());
            Rows rows = rows(View.encoder(base, flags.date()).with(limit));
            try (Adapter adapter = adapter(base, asked, from, run, beginning)) {
                AdapterConfig made = asked == null ? adapter.config() : asked;
                TrainingConfig training = flags.training(made);
                FineTuner tuner = FineTuner.of(base.with(adapter))
                        .on(rows.train())
                        .config(training)
                        .checkpoints(flags.checkpoints())
                        .skipBadRows(flags.skipBadRows())
                        .maxMemory(memory.limit());
                if (rows.heldOut() != null) {
                    tuner.evaluateOn(rows.heldOut());
                }
                Learnable.warnOfSpelling(streams.err(), rows.train().rows(), base.tokenizer());
                if (flags.dryRun()) {
                    new DryRun(streams, base, memory).print(rows.train(), rows.evaluated(), tuner.plan());
                    return 0;
                }
                if (run != null) {
                    tuner.resume(run.folder());
                } else {
                    tuner.into(flags.out(), RunFile.write(settings(made, training, rows)));
                }
                MemoryPlan plan = tuner.checkMemory();
                announce(made, training, rows, adapter, run);
                streams.err().println("moelora: memory at the peak: " + memory.describe(plan));
                return train(tuner, rows, base.config().vocabularySize());
            }
        }
    }

    private Map<String, Object> settings(AdapterConfig made, TrainingConfig training, Rows rows) {
        Map<String, Object> settings = flags.resolved(made, training);
        if (rows.date() != null) {
            settings.put("date", rows.date().toString());
        }
        if (memory.given() != null) {
            settings.put("max-memory", memory.given());
        }
        settings.put("quantize", load.quantization().id());
        settings.put("threads", load.device().threads());
        settings.put("device", load.device().name());
        return settings;
    }

    private Adapter adapter(
            Decoder base,
            @Nullable AdapterConfig asked,
            @Nullable Path from,
            @Nullable RunSummary run,
            @Nullable Beginning beginning) {
        RunSummary.Saved newest = run == null ? null : run.newest();
        if (newest != null && AdapterSummary.read(newest.folder()).composed()) {
            return Adapter.load(newest.folder(), base);
        }
        if (asked == null) {
            return Objects.requireNonNull(beginning).make(base);
        }
        return from == null
                ? Adapter.create(base, asked, flags.seed(), flags.adapter().gateInit())
                : Adapter.load(from, base);
    }

    private Rows rows(ExampleEncoder encoder) {
        Examples examples = Examples.read(flags.data());
        Path evalData = flags.evalData();
        Double share = flags.evalSplit();
        if (share != null) {
            Examples.Split split = examples.split(share, flags.seed());
            return new Rows(
                    labelled(encoder, split.train(), "--data"), labelled(encoder, split.heldOut(), "--eval-split"));
        }
        EncodedExamples heldOut =
                evalData == null ? null : labelled(encoder, Examples.read(evalData), evalData.toString());
        return new Rows(labelled(encoder, examples, names(flags.data())), heldOut);
    }

    private static String names(List<Path> files) {
        return files.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    private EncodedExamples labelled(ExampleEncoder encoder, Examples examples, String source) {
        EncodedExamples rows = encoder.encodeAll(examples);
        boolean byModel = encoder.maxLength() < flags.rowLimit().tokens();
        if (rows.rows().isEmpty()) {
            throw new InputException(source + ": no row has a label within " + encoder.maxLength()
                    + " tokens; expected one at least" + (byModel ? "" : ", or a larger --max-length"));
        }
        if (!flags.dryRun() && rows.cut() + rows.dropped() + rows.skipped() > 0) {
            streams.err()
                    .println("moelora: " + source + ": longer than " + encoder.maxLength()
                            + (byModel
                                    ? " tokens, which is all that the model has positions for: cut "
                                    : " tokens: cut ")
                            + Figures.count(rows.cut()) + " rows, skipped " + Figures.count(rows.skipped())
                            + "; left out, as no label remained: " + Figures.count(rows.dropped()));
        }
        return rows;
    }

    private void announce(
            AdapterConfig made, TrainingConfig training, Rows rows, Adapter adapter, @Nullable RunSummary run) {
        RunSummary.Saved newest = run == null ? null : run.newest();
        streams.err()
                .println("moelora: " + made.method() + ", " + Figures.count(adapter.parameterCount())
                        + " parameters on " + adapter.modules().size() + " linears; "
                        + Figures.count(rows.train().rows().size()) + " rows, "
                        + Figures.count(rows.train().tokens()) + " tokens, "
                        + Figures.count(training.totalSteps(rows.train().rows().size())) + " steps"
                        + (newest == null ? "" : ", going on after step " + Figures.count(newest.step())));
    }

    private int train(FineTuner tuner, Rows rows, int vocabulary) {
        Path out = flags.out();
        try (StopSignal signal = new StopSignal(streams.err())) {
            TrainingReport report;
            Learnable learned;
            try (Progress progress = new Progress(streams)) {
                learned = new Learnable(progress);
                report = tuner.stopOn(signal.cancellation()).run(learned);
            }
            if (!report.skipped().isEmpty()) {
                streams.err()
                        .println("moelora: rows left out because they produce NaN or infinite values: "
                                + report.skipped().stream()
                                        .map(SkippedRow::where)
                                        .collect(Collectors.joining(", "))
                                + " (" + out.resolve("skipped.jsonl") + ")");
            }
            if (!report.finished()) {
                streams.err()
                        .println("moelora: stopped after step " + report.steps() + " of " + report.totalSteps()
                                + "; to go on: moelora train --resume " + out);
                return Main.STOPPED;
            }
            learned.warnOfLoss(streams.err(), rows.train().rows(), rows.evaluated(), vocabulary);
            print(report, out);
            Path page = out.resolve("report.html");
            ReportPage.write(
                    page,
                    out.toString(),
                    ReportData.of(List.of(new ReportData.Shown(RunSummary.read(out), null)), null, List.of()));
            streams.out().println("report: " + page);
            streams.out().flush();
            return 0;
        }
    }

    private void print(TrainingReport report, Path out) {
        streams.out()
                .println("trained " + Figures.count(report.steps()) + " steps, " + Figures.count(report.rows())
                        + " rows, " + Figures.count(report.tokens())
                        + " tokens in " + Figures.duration(report.seconds()) + " ("
                        + Figures.count(Math.round(report.tokens() / report.seconds())) + " tokens/s), peak memory "
                        + Figures.bytes(report.peakBytes()));
        Double best = report.bestEvalLoss();
        streams.out()
                .println("loss " + Figures.loss(report.loss())
                        + (best == null ? "" : ", best evaluation loss " + Figures.loss(best)));
        streams.out()
                .println(
                        "adapter: " + out.resolve("last") + (best == null ? "" : ", the best: " + out.resolve("best")));
    }
}
