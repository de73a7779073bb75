package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSettings;
import org.moelora.data.LongRows;
import org.moelora.engine.InputException;
import org.moelora.settings.Part;
import org.moelora.train.CheckpointPolicy;
import org.moelora.train.TrainingConfig;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The flags of {@code moelora train} but for those of {@link AdapterFlags}.
 */
@Under(Section.OPTIMIZER)
final class TrainFlags {
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

    @About(Part.SURROUNDINGS)
    @Under(Section.OUTPUT)
    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            defaultValue = "0",
            description = "A checkpoint every N steps: 0 (off). There is always one where the run ends or is stopped.")
    private long checkpointEvery;

    @About(Part.SURROUNDINGS)
    @Under(Section.OUTPUT)
    @Option(
            names = "--checkpoint-minutes",
            paramLabel = "X",
            defaultValue = "10",
            description = "A checkpoint every X minutes: 10; 0 is off.")
    private double checkpointMinutes;

    @About(Part.SURROUNDINGS)
    @Under(Section.OUTPUT)
    @Option(names = "--keep", paramLabel = "N", defaultValue = "2", description = "Checkpoints that are kept: 2.")
    private int keep;

    @Mixin
    private final AdapterFlags adapter;

    @Under(Section.DATA)
    @Option(names = "--max-length", paramLabel = "N", defaultValue = "512", description = "Most tokens of a row: 512.")
    private int maxLength;

    @Under(Section.DATA)
    @Option(
            names = "--long-rows",
            paramLabel = "NAME",
            defaultValue = "cut",
            description = "What becomes of longer rows: cut (default), skip or refuse.")
    private String longRows = "cut";

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

    @Under(Section.EVALUATION)
    @Option(
            names = "--eval-split",
            paramLabel = "SHARE",
            description = "Hold out this share of --data instead, e.g. 0.05, chosen by the seed.")
    private @Nullable Double evalSplit;

    @About(Part.CALL)
    @Under(Section.OUTPUT)
    @Option(
            names = "--dry-run",
            description = "Show what would be trained on and what it would take; train nothing, write nothing.")
    private boolean dryRun;

    private final SettingFlags settings = new SettingFlags(
            Stream.concat(AdapterSettings.SETTINGS.all().stream(), TrainingConfig.SETTINGS.all().stream())
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
        return evalSplit;
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
        return new CheckpointPolicy(checkpointEvery, checkpointMinutes, keep);
    }

    boolean skipBadRows() {
        return skipBadRows;
    }

    int maxLength() {
        return maxLength;
    }

    LongRows longRows() {
        return LongRows.parse("--long-rows", longRows);
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
        if (evalData != null && evalSplit != null) {
            throw new InputException("--eval-data and --eval-split are both given; expected one of them");
        }
        if (evalSplit != null && !(evalSplit > 0 && evalSplit < 1)) {
            throw new InputException("--eval-split is " + evalSplit + "; expected a share between 0 and 1");
        }
        if (settings.said(TrainingConfig.EVAL_EVERY) != null && evalData == null && evalSplit == null) {
            throw new InputException(
                    "--eval-every is given without rows to evaluate on; expected --eval-data or --eval-split with it");
        }
        if (maxLength < 2) {
            throw new InputException(
                    "--max-length is " + maxLength + "; expected at least 2, as the first token is never predicted");
        }
        longRows();
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
        adapter.resolved(flags, kind, training);
        return flags;
    }
}
