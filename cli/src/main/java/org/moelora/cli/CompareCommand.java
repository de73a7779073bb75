package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSettings;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.Targets;
import org.moelora.compare.Arm;
import org.moelora.compare.Comparison;
import org.moelora.compare.ComparisonReport;
import org.moelora.compare.PairedDifference;
import org.moelora.data.EncodedExamples;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.data.LongRows;
import org.moelora.data.Prompt;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.io.AtomicFile;
import org.moelora.io.JsonWriter;
import org.moelora.model.Decoder;
import org.moelora.settings.Values;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moelora compare}. */
@Command(
        name = "compare",
        customSynopsis = "moelora compare --model=DIR --data=FILE... --out=DIR [OPTIONS]",
        header = "Find out whether a mixture pays on your data, and with how many experts.",
        description =
                "%nTrains LoRA and mixtures of as many parameters, each at its own best learning rate, from several seeds,"
                        + " and asks all of them the same held-out questions. First it looks whether there is anything to gain by"
                        + " treating tasks apart. Stopped, it goes on when it is started again with the same flags.",
        footer = {
            "",
            "Examples:",
            "  moelora compare --model llama --data train.jsonl --test test.jsonl --out c1",
            "  moelora compare --model llama --data train.jsonl --out c2 --budget 30m",
            "  moelora train --config c1/run.yaml --out run1",
        })
final class CompareCommand implements Callable<Integer> {
    /** The share of rows that choose learning rates, and that are asked where there is no --test. */
    private static final double HELD_OUT = 0.1;

    private final Streams streams;

    @Under(Section.MODEL)
    @Option(names = "--model", paramLabel = "DIR", required = true, description = "The base.")
    private @Nullable Path model;

    @Under(Section.DATA)
    @Option(
            names = "--data",
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            description = "Rows to learn. A tenth of them only chooses learning rates.")
    private @Nullable List<Path> data;

    @Under(Section.DATA)
    @Option(
            names = "--test",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Rows to ask in the end; without it another tenth of --data.")
    private @Nullable List<Path> test;

    @Under(Section.DATA)
    @Option(
            names = "--max-length",
            paramLabel = "N",
            defaultValue = "512",
            description = "Most tokens of a row: 512; longer rows are cut.")
    private int maxLength = 512;

    @Mixin
    private final DateFlag date = new DateFlag();

    @Under(Section.OUTPUT)
    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Where compare.json goes, run.yaml of the recommended setting, and what is needed to go on.")
    private @Nullable Path out;

    @Under(Section.ADAPTER)
    @Option(
            names = "--rank",
            paramLabel = "R",
            defaultValue = "16",
            description = "Rank of LoRA, which says how large all arms are: 16.")
    private int rank = 16;

    @Under(Section.ADAPTER)
    @Option(
            names = "--experts",
            paramLabel = "LIST",
            defaultValue = "2,4,8,16",
            description = "Numbers of experts to try: 2,4,8,16.")
    private String experts = "2,4,8,16";

    @Under(Section.ADAPTER)
    @Option(
            names = "--targets",
            paramLabel = "LIST",
            defaultValue = "all-linear",
            description = "Adapted linears, as for train: all-linear.")
    private String targets = "all-linear";

    @Under(Section.OPTIMIZER)
    @Option(
            names = "--rates",
            paramLabel = "LIST",
            description = "Learning rates to choose from, for every arm: 1e-3,1.7e-3,3e-3,5e-3,9e-3.")
    private @Nullable String rates;

    @Under(Section.OPTIMIZER)
    @Option(names = "--seeds", paramLabel = "N", defaultValue = "3", description = "Trainings of every arm: 3.")
    private int seeds = 3;

    @Under(Section.OPTIMIZER)
    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "3",
            description = "Passes over the data in a full training: 3; fewer where --budget is too short.")
    private double epochs = 3;

    @Under(Section.OPTIMIZER)
    @Option(names = "--batch-size", paramLabel = "N", defaultValue = "8", description = "Rows per batch: 8.")
    private int batchSize = 8;

    @Under(Section.OPTIMIZER)
    @Option(
            names = "--budget",
            paramLabel = "TIME",
            description = "About how long everything may take: 30m, 2h or 90s; by default as long as it takes.")
    private @Nullable String budget;

    @Mixin
    private final LoadFlags load = new LoadFlags();

    CompareCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Path folder = Flags.given("--out", out);
        Comparison.Settings settings = new Comparison.Settings(
                TrainingConfig.builder().epochs(epochs).batchSize(batchSize).build(),
                rates == null ? Comparison.Settings.RATES : numbers("--rates", rates),
                seeds,
                seconds(budget));
        List<Integer> numbers = numbers("--experts", experts).stream()
                .map(number -> {
                    if (number != Math.rint(number) || number < 2 || number > 1024) {
                        throw new InputException(
                                "--experts is \"" + experts + "\"; expected whole numbers from 2 to 1024");
                    }
                    return number.intValue();
                })
                .toList();
        LocalDate begun = Comparison.dateOf(folder);
        LocalDate today = begun == null ? date.date() : date.date(begun);
        try (Decoder base = load.load(Flags.given("--model", model));
                StopSignal signal = new StopSignal(streams.err());
                Progress progress = new Progress(streams)) {
            Rows rows = rows(View.encoder(base, today).withMaxLength(maxLength, LongRows.CUT));
            int tasks = (int) rows.train.stream()
                    .map(TokenRow::task)
                    .filter(Objects::nonNull)
                    .distinct()
                    .count();
            List<Arm> arms = Arm.ofEqualSize(base.linears(), Targets.parse(targets), rank, numbers, tasks);
            sayLeftOut(numbers, arms);
            ComparisonReport report = new Comparison(
                            base,
                            arms,
                            rows.train,
                            rows.heldOut,
                            rows.questions,
                            settings,
                            folder,
                            signal.cancellation(),
                            listener(progress))
                    .date(rows.date)
                    .run();
            if (report == null) {
                streams.err().println("moelora: stopped; the same command goes on from here");
                return Main.STOPPED;
            }
            AtomicFile.write(folder.resolve("compare.json"), JsonWriter.pretty(report.toJson()));
            AtomicFile.write(folder.resolve("run.yaml"), RunFile.write(settings(report, rows.date)));
            print(report, folder);
            return 0;
        }
    }

    /**
     * @param date what chat templates took for today; null if none wrote any of the rows
     */
    private record Rows(
            List<TokenRow> train,
            List<TokenRow> heldOut,
            List<Prompt> questions,
            @Nullable LocalDate date) {}

    private Rows rows(ExampleEncoder encoder) {
        Examples all = Examples.read(Flags.given("--data", data));
        Examples asked;
        if (test != null) {
            asked = Examples.read(test);
        } else {
            Examples.Split split = all.split(HELD_OUT, 1);
            all = split.train();
            asked = split.heldOut();
        }
        Examples.Split split = all.split(HELD_OUT, 0);
        EncodedExamples learned = encoder.encodeAll(split.train());
        return new Rows(
                learned.rows(),
                encoder.encodeAll(split.heldOut()).rows(),
                asked.rows().stream().map(encoder::prompt).toList(),
                learned.date());
    }

    private void sayLeftOut(List<Integer> numbers, List<Arm> arms) {
        List<Integer> missing = numbers.stream()
                .filter(e -> arms.stream().noneMatch(arm -> arm.name().equals("prompt-moelora-" + e)))
                .toList();
        if (!missing.isEmpty()) {
            streams.err()
                    .println("moelora: left out, as no rank makes them as large as LoRA of rank " + rank + ": experts "
                            + missing + "; a larger --rank makes room");
        }
    }

    private Comparison.Listener listener(Progress progress) {
        return new Comparison.Listener() {
            @Override
            public void news(String line) {
                streams.err().println("moelora: " + line);
            }

            @Override
            public TrainingListener training() {
                return progress;
            }
        };
    }

    private static List<Double> numbers(String flag, String list) {
        try {
            return Arrays.stream(list.split(",", -1))
                    .map(number -> Double.valueOf(number.strip()))
                    .toList();
        } catch (NumberFormatException e) {
            throw new InputException(flag + " is \"" + list + "\"; expected numbers with commas between them", e);
        }
    }

    /** Seconds of a text such as 30m; 0 for none. */
    static double seconds(@Nullable String text) {
        if (text == null) {
            return 0;
        }
        String given = text.strip();
        char unit = given.isEmpty() ? ' ' : given.charAt(given.length() - 1);
        double factor = switch (unit) {
            case 's' -> 1;
            case 'm' -> 60;
            case 'h' -> 3600;
            default -> Double.NaN;
        };
        try {
            double value = Double.parseDouble(given.substring(0, Math.max(0, given.length() - 1))) * factor;
            if (value > 0 && value < 1e9) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new InputException("--budget is \"" + text + "\"; expected a time such as 30m, 2h or 90s", e);
        }
        throw new InputException("--budget is \"" + text + "\"; expected a time such as 30m, 2h or 90s");
    }

    /** The flags of {@code train} that make the recommended adapter. */
    private Map<String, Object> settings(ComparisonReport report, @Nullable LocalDate day) {
        ComparisonReport.Outcome best = report.recommended();
        AdapterConfig config = best.arm().config();
        Map<String, Object> flags = new LinkedHashMap<>();
        flags.put("model", Flags.absolute(Flags.given("--model", model)));
        flags.put(
                "data",
                Flags.given("--data", data).stream().map(Flags::absolute).toList());
        flags.put("method", best.arm().method());
        Values usual = Method.SETTING
                .kind()
                .parser()
                .apply("method", best.arm().method())
                .settings();
        SettingFlags.write(flags, AdapterSettings.SETTINGS.listed(config, usual), config);
        if (config.gate() != null) {
            flags.put(SettingFlags.name(LossSettings.BALANCE_WEIGHT), 0.0);
            flags.put(SettingFlags.name(LossSettings.CONTRAST_WEIGHT), 0.0);
        }
        flags.put("targets", targets);
        flags.put("steps", report.steps());
        flags.put("batch-size", batchSize);
        flags.put("max-length", maxLength);
        if (day != null) {
            flags.put("date", day.toString());
        }
        flags.put("learning-rate", best.learningRate());
        return flags;
    }

    private void print(ComparisonReport report, Path folder) {
        Table table = new Table(
                "accuracy", "mean", "sd", "over lora", "95 % interval", "parameters", "active", "rate", "tokens/s");
        for (ComparisonReport.Outcome outcome : report.arms()) {
            boolean isLora = outcome.arm().name().equals(Arm.LORA);
            PairedDifference over = report.difference(outcome);
            boolean several = outcome.accuracy().length > 1;
            table.row(
                    outcome.arm().name(),
                    points(outcome.mean()),
                    several ? points(outcome.deviation()) : "",
                    isLora ? "" : Figures.points(over.mean()),
                    isLora || !several ? "" : Figures.points(over.low()) + " to " + Figures.points(over.high()),
                    Figures.count(outcome.parameters()),
                    Figures.count(outcome.activeParameters()),
                    String.format(Locale.ROOT, "%.2g", outcome.learningRate()),
                    Figures.count(Math.round(outcome.tokensPerSecond())));
        }
        streams.out().println();
        table.print(streams.out());
        streams.out().println();
        ComparisonReport.Headroom room = report.headroom();
        if (room != null) {
            streams.out()
                    .println("headroom: one LoRA " + points(room.lora()) + ", a LoRA for each task "
                            + points(room.perTask()) + ", gates by the task's name " + points(room.byTask())
                            + (room.gain() > 0 ? "" : ": treating tasks apart gains nothing here"));
        }
        streams.out().println(report.verdict());
        streams.out()
                .println("recommended: " + report.recommended().arm().name() + " (" + folder.resolve("run.yaml") + ")");
        streams.out().println("numbers:     " + folder.resolve("compare.json"));
    }

    /** A share as points without a sign. */
    private static String points(double share) {
        return Figures.points(share).substring(1);
    }
}
