package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSettings;
import org.moelora.adapter.GateInit;
import org.moelora.data.RowLimit;
import org.moelora.engine.InputException;
import org.moelora.settings.Kind;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import org.moelora.train.CheckpointPolicy;
import org.moelora.train.TrainingConfig;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The flags of {@code moelora train} but for those of {@link AdapterFlags}.
 */
@Under(Section.OPTIMIZER)
final class TrainFlags {
    static final Setting<TrainFlags, Double> EVAL_SPLIT = Setting.of(
            "eval-split",
            Kind.number("a share between 0 and 1", x -> x > 0 && x < 1).labelled("SHARE"),
            TrainFlags::evalSplit,
            null,
            "Hold out this share of --data instead of --eval-data, e.g. 0.05, chosen by the seed.",
            Part.EVALUATION);

    @About(Part.SURROUNDINGS)
    @Under(Section.MODEL)
    @Option(
            names = "--model",
            paramLabel = "PATH",
            required = true,
            description = "The model: a Hugging Face folder or a GGUF file. It is only read.")
    private @Nullable Path model;

    @About(Part.SURROUNDINGS)
    @Under(Section.DATA)
    @Option(
            names = "--data",
            paramLabel = "FILE",
            arity = "1..*",
            required = true,
            description = "Rows to learn: JSON Lines, or a JSON array.")
    private @Nullable List<Path> data;

    @Under(Section.OUTPUT)
    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "The run's folder: settings, metrics.jsonl, checkpoints/, best/ and last/; must not hold a run yet.")
    private @Nullable Path out;

    @About(Part.CALL)
    @Under(Section.OUTPUT)
    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "Go on with the run in this folder, with its settings, instead of beginning one.")
    private @Nullable Path resume;

    @Mixin
    private final AdapterFlags adapter;

    @About(Part.SURROUNDINGS)
    @Under(Section.DATA)
    @Option(
            names = "--skip-bad-rows",
            description = "Leave out rows that produce NaN or infinite values, and list them, instead of stopping.")
    private boolean skipBadRows;

    @Mixin
    private final DateFlag date = new DateFlag();

    @About(Part.SURROUNDINGS)
    @Under(Section.EVALUATION)
    @Option(
            names = "--eval-data",
            paramLabel = "FILE",
            description = "Held-out rows to evaluate on. Without this or --eval-split: no evaluation.")
    private @Nullable Path evalData;

    @About(Part.CALL)
    @Under(Section.OUTPUT)
    @Option(
            names = "--dry-run",
            description = "Show what would be trained on and what it would take; train nothing, write nothing.")
    private boolean dryRun;

    private final SettingFlags settings = new SettingFlags(Stream.of(
                    RowLimit.SETTINGS.all(),
                    List.of(EVAL_SPLIT, Method.SETTING, GateInit.SETTING),
                    AdapterSettings.SETTINGS.all(),
                    TrainingConfig.SETTINGS.all(),
                    CheckpointPolicy.SETTINGS.all())
            .flatMap(List::stream)
            .toList());

    private @Nullable LocalDate today;

    TrainFlags() {
        adapter = new AdapterFlags(settings);
    }

    SettingFlags settings() {
        return settings;
    }

    Path model() {
        return Flags.given("--model", model);
    }

    List<Path> data() {
        return Flags.given("--data", data);
    }

    Path out() {
        return Flags.given("--out", out);
    }

    @Nullable Path evalData() {
        return evalData;
    }

    @Nullable Double evalSplit() {
        return settings.said(EVAL_SPLIT);
    }

    /** The run to go on with, or null. */
    @Nullable Path resume() {
        return resume;
    }

    /** For a command that begins trainings, which train goes on with. */
    void refuseResume(String command) {
        if (resume != null) {
            throw new InputException("--resume is given to " + command + "; expected moelora train --resume " + resume
                    + ", which goes on with any run");
        }
    }

    CheckpointPolicy checkpoints() {
        return CheckpointPolicy.SETTINGS.make(settings);
    }

    boolean skipBadRows() {
        return skipBadRows;
    }

    RowLimit rowLimit() {
        return RowLimit.SETTINGS.make(settings);
    }

    /** What chat templates take for today. */
    LocalDate date() {
        if (today == null) {
            today = date.date();
        }
        return today;
    }

    long seed() {
        return settings.get(TrainingConfig.SEED);
    }

    boolean dryRun() {
        return dryRun;
    }

    /** Refuses flags that rule each other out, before any file is read. */
    void check() {
        if (settings.said(TrainingConfig.EPOCHS) != null && settings.said(TrainingConfig.STEPS) != null) {
            throw new InputException("--epochs and --steps are both given; expected one of them");
        }
        boolean evaluates = evalData != null || evalSplit() != null;
        if (evalData != null && evalSplit() != null) {
            throw new InputException("--eval-data and --eval-split are both given; expected one of them");
        }
        if (settings.said(TrainingConfig.EVAL_EVERY) != null && !evaluates) {
            throw new InputException(
                    "--eval-every is given without rows to evaluate on; expected --eval-data or --eval-split with it");
        }
        rowLimit();
        date();
        checkpoints();
        if (resume != null && dryRun) {
            throw new InputException("--resume and --dry-run are both given; expected one of them");
        }
        if (!dryRun) {
            out();
        }
    }

    AdapterFlags adapter() {
        return adapter;
    }

    /** How an adapter of that kind is trained. */
    TrainingConfig training(AdapterConfig kind) {
        return adapter.training(kind);
    }

    /** All flags as they came out: {@code run.yaml}. */
    Map<String, Object> resolved(AdapterConfig kind, TrainingConfig training) {
        Map<String, Object> flags = Flags.values(this);
        SettingFlags.write(flags, RowLimit.SETTINGS.all(), rowLimit());
        SettingFlags.write(flags, List.of(EVAL_SPLIT), this);
        SettingFlags.write(flags, CheckpointPolicy.SETTINGS.all(), checkpoints());
        adapter.resolved(flags, kind, training);
        return flags;
    }
}
