package org.moelora.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSummary;
import org.moelora.data.EncodedExamples;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.train.FineTuner;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code moelora train}. */
@Command(
        name = "train",
        customSynopsis = "moelora train --model=DIR --data=FILE... --out=DIR [OPTIONS]",
        header = "Train an adapter on a checkpoint and rows of data.",
        footer = {
            "",
            "A row is one of: instruction (and input) and output; prompt and completion; messages; text;",
            "input_ids and labels. With a field task, losses are reported per task too.",
            "",
            "Examples:",
            "  moelora train --model llama --data train.jsonl --out run1",
            "  moelora train --model llama --data train.jsonl --out run2 --eval-split 0.05 --epochs 1 --learning-rate 1e-3",
            "  moelora train --config run1/run.yaml --out run3 --seed 1",
            "  moelora train --model llama --data more.jsonl --out run4 --init-adapter run1/last",
            "  moelora train --model llama --data train.jsonl --dry-run",
        })
final class TrainCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final TrainFlags flags = new TrainFlags();

    @Mixin
    private final DeviceFlags device = new DeviceFlags();

    TrainCommand(Streams streams) {
        this.streams = streams;
    }

    /** Rows to train on, and rows to evaluate on. */
    private record Rows(EncodedExamples train, List<TokenRow> heldOut) {}

    @Override
    public Integer call() {
        flags.check();
        Path from = flags.initAdapter();
        AdapterSummary start = from == null ? null : AdapterSummary.read(from);
        AdapterConfig made = flags.adapter(start);
        TrainingConfig training = flags.training(made);
        try (Decoder base = Decoder.load(flags.model(), device.choice())) {
            Rows rows = rows(View.encoder(base).withMaxLength(flags.maxLength()));
            try (Adapter adapter = adapter(base, made, from)) {
                FineTuner tuner = FineTuner.of(base.with(adapter))
                        .onRows(rows.train().rows())
                        .evaluateOn(rows.heldOut())
                        .config(training);
                if (flags.dryRun()) {
                    new DryRun(streams, base).print(rows.train(), rows.heldOut(), tuner.plan());
                } else {
                    train(tuner, made, training, rows, adapter);
                }
            }
        }
        return 0;
    }

    private Adapter adapter(Decoder base, AdapterConfig made, @Nullable Path from) {
        return from == null ? Adapter.create(base, made, flags.seed()) : Adapter.load(from, base);
    }

    private Rows rows(ExampleEncoder encoder) {
        Examples examples = Examples.read(flags.data());
        Path evalData = flags.evalData();
        Double share = flags.evalSplit();
        if (share != null) {
            Examples.Split split = examples.split(share, flags.seed());
            return new Rows(
                    labelled(encoder.encodeAll(split.train()), "--data"),
                    labelled(encoder.encodeAll(split.heldOut()), "--eval-split").rows());
        }
        List<TokenRow> heldOut = evalData == null
                ? List.of()
                : labelled(encoder.encodeAll(Examples.read(evalData)), evalData.toString())
                        .rows();
        return new Rows(labelled(encoder.encodeAll(examples), names(flags.data())), heldOut);
    }

    private static String names(List<Path> files) {
        return files.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    private EncodedExamples labelled(EncodedExamples rows, String source) {
        if (rows.rows().isEmpty()) {
            throw new InputException(source + ": no row has a label within " + flags.maxLength()
                    + " tokens; expected one at least, or a larger --max-length");
        }
        if (!flags.dryRun() && (rows.cut() > 0 || rows.dropped() > 0)) {
            streams.err()
                    .println("moelora: " + source + ": cut to " + flags.maxLength() + " tokens: " + rows.cut()
                            + " rows; left out, as no label remained: " + rows.dropped());
        }
        return rows;
    }

    private void train(FineTuner tuner, AdapterConfig made, TrainingConfig training, Rows rows, Adapter adapter) {
        Path out = flags.out();
        Map<String, Object> settings = flags.resolved(made, training);
        settings.put("threads", device.choice().threads());
        settings.put("device", device.choice().name());
        tuner.into(out, RunFile.write(settings));
        streams.err()
                .println("moelora: " + made.method() + ", " + Figures.count(adapter.parameterCount())
                        + " parameters on " + adapter.modules().size() + " linears; "
                        + Figures.count(rows.train().rows().size()) + " rows, "
                        + Figures.count(rows.train().tokens()) + " tokens, "
                        + Figures.count(training.totalSteps(rows.train().rows().size())) + " steps");
        TrainingReport report;
        try (Progress progress = new Progress(streams)) {
            report = tuner.run(progress);
        }
        streams.out()
                .println("trained " + Figures.count(report.steps()) + " steps, " + Figures.count(report.tokens())
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
