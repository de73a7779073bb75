package org.moelora.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.eval.PromptStyle;
import org.moelora.eval.Scoring;
import org.moelora.eval.Task;
import org.moelora.eval.TaskSettings;
import picocli.CommandLine.Option;

/** The flags of {@code eval} that ask the questions of a task. */
@Under(Section.ANSWERS)
final class TaskFlags {
    @Option(
            names = "--task",
            paramLabel = "NAME",
            description =
                    "Ask with the prompt and the extraction of LLM-Adapters: gsm8k, aqua, addsub, multiarith, singleeq, svamp, "
                            + "boolq, piqa, obqa, arc-e, arc-c, siqa, winogrande or hellaswag.")
    private @Nullable String name;

    @Option(
            names = "--scoring",
            paramLabel = "HOW",
            description = "generate (the default) or likelihood, which takes the most probable of the choices.")
    private @Nullable String scoring;

    @Option(
            names = "--prompt-style",
            paramLabel = "STYLE",
            description = "llm-adapters (the default), or alpaca, which rows with an instruction are trained in.")
    private @Nullable String style;

    @Under(Section.MACHINE)
    @Option(names = "--batch-size", paramLabel = "N", description = "Questions to answer side by side; 16 by default.")
    private @Nullable Integer batchSize;

    @Under(Section.DATA)
    @Option(names = "--limit", paramLabel = "N", description = "Ask only the first N questions.")
    private @Nullable Integer limit;

    @Under(Section.MODEL)
    @Option(names = "--with-base", description = "Ask the base alone too, beside its adapters.")
    private boolean withBase;

    @Under(Section.DATA)
    @Option(
            names = "--against",
            paramLabel = "TRAIN",
            arity = "1..*",
            description = "Training data: report the questions that occur in it.")
    private List<Path> against = new ArrayList<>();

    @Under(Section.DATA)
    @Option(names = "--drop-contaminated", description = "Leave out the questions that --against finds.")
    private boolean dropContaminated;

    /** The task, or null if none is given, and then no flag that needs one may be. */
    @Nullable Task task() {
        if (name != null) {
            return Task.named(name);
        }
        Map<String, Boolean> given = new LinkedHashMap<>();
        given.put("--scoring", scoring != null);
        given.put("--prompt-style", style != null);
        given.put("--batch-size", batchSize != null);
        given.put("--limit", limit != null);
        given.put("--with-base", withBase);
        given.put("--against", !against.isEmpty());
        given.put("--drop-contaminated", dropContaminated);
        given.forEach((flag, there) -> {
            if (there) {
                throw new InputException(flag + " is given without --task; expected both, or neither");
            }
        });
        return null;
    }

    TaskSettings settings() {
        TaskSettings settings = TaskSettings.DEFAULT;
        if (scoring != null) {
            settings = settings.withScoring(Scoring.parse("--scoring", scoring));
        }
        if (style != null) {
            settings = settings.withPrompt(PromptStyle.parse("--prompt-style", style));
        }
        return batchSize == null ? settings : settings.withBatchSize(batchSize);
    }

    /** The most questions to ask. */
    int limit() {
        if (limit != null && limit < 1) {
            throw new InputException("--limit is " + limit + "; expected at least 1");
        }
        return Flags.or(limit, Integer.MAX_VALUE);
    }

    boolean withBase() {
        return withBase;
    }

    List<Path> against() {
        if (dropContaminated && against.isEmpty()) {
            throw new InputException(
                    "--drop-contaminated is given without --against; expected the training data to compare with");
        }
        return against;
    }

    boolean dropContaminated() {
        return dropContaminated;
    }
}
