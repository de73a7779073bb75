package org.moelora.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.AdapterSummary;
import org.moelora.adapter.GatePolicy;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.MoeLora;
import org.moelora.adapter.Router;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.LanguageModel;
import org.moelora.model.Merge;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code moelora merge}. */
@Command(
        name = "merge",
        customSynopsis = "moelora merge --model=DIR --adapter=DIR --out=DIR [--dtype=NAME]",
        header = "Put a LoRA into the weights of its base, as a new checkpoint.",
        description =
                "%nThe new folder needs no adapter. Of an adapter with experts, what it is for one prompt or one task can be merged: with the"
                        + " router prompt or the gate task its update does not depend on the token.",
        footer = {
            "",
            "Examples:",
            "  moelora merge --model llama --adapter run1/best --out llama-mine",
            "  moelora merge --model llama --adapter run1/best --out mine --dtype f32",
        })
final class MergeCommand implements Callable<Integer> {
    private final Streams streams;

    @Under(Section.MODEL)
    @Option(names = "--model", paramLabel = "DIR", required = true, description = "The base: a Hugging Face folder.")
    private @Nullable Path model;

    @Under(Section.MODEL)
    @Option(names = "--adapter", paramLabel = "DIR", required = true, description = "A LoRA or DoRA on it.")
    private @Nullable Path adapter;

    @Under(Section.OUTPUT)
    @Option(names = "--out", paramLabel = "DIR", required = true, description = "The new folder.")
    private @Nullable Path out;

    @Under(Section.OUTPUT)
    @Option(
            names = "--dtype",
            paramLabel = "NAME",
            defaultValue = "same",
            description = "Its number format: same (default, the base's), f32, bf16 or f16.")
    private String dtype = "same";

    @Under(Section.ADAPTER)
    @Option(
            names = "--for",
            paramLabel = "TEXT",
            description = "With the router prompt: the experts and shares that it gives this prompt.")
    private @Nullable String prompt;

    @Under(Section.ADAPTER)
    @Option(names = "--for-task", paramLabel = "NAME", description = "With the gate task: the shares of this task.")
    private @Nullable String task;

    MergeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Path from = Flags.given("--model", model);
        Path lora = Flags.given("--adapter", adapter);
        Path to = Flags.given("--out", out);
        Merge.Dtype type = dtype();
        Merge.checkNew(to);
        // Before the base is opened, which can take a while.
        check(lora, AdapterSummary.read(lora).config());
        try (Decoder base = Decoder.load(from);
                Adapter loaded = Adapter.load(lora, base);
                Adapter fixed = fixed(base, loaded)) {
            Merge.of(base, fixed == null ? loaded : fixed).as(type).into(to);
            streams.out().println("merged " + loaded.modules().size() + " linears into " + to);
        }
        return 0;
    }

    private void check(Path folder, AdapterConfig config) {
        if (prompt != null && task != null) {
            throw new InputException("--for and --for-task are both given; expected one of them");
        }
        boolean given = prompt != null || task != null;
        if (config instanceof LoraConfig) {
            if (given) {
                throw new InputException(folder + ": has no experts to choose among; leave out --for and --for-task");
            }
            return;
        }
        if (prompt != null && !(config.router() instanceof Router.Prompt)) {
            throw new InputException(folder + ": its router looks at tokens, not at prompts; leave out --for");
        }
        if (task != null && !(config.gate() instanceof GatePolicy.TaskGate)) {
            throw new InputException(folder + ": its gates do not depend on a task; leave out --for-task");
        }
        if (!given) {
            throw new InputException(folder + ": has experts, and how much of each is added depends on the token, so no"
                    + " weight can hold it; expected a LoRA, or --for or --for-task");
        }
    }

    /** What a mixture is for the prompt or the task; null for a LoRA. */
    private @Nullable Adapter fixed(Decoder base, Adapter adapter) {
        if (task != null) {
            return MoeLora.fixed(base, adapter, adapter.fixedGates(task));
        }
        if (prompt == null) {
            return null;
        }
        LanguageModel view = base.with(adapter);
        int[] ids = Generation.of(view, GenerationOptions.GREEDY).tokens(prompt);
        return MoeLora.fixed(base, adapter, view.gates(ids));
    }

    private Merge.Dtype dtype() {
        for (Merge.Dtype each : Merge.Dtype.values()) {
            if (each.name().toLowerCase(Locale.ROOT).equals(dtype)) {
                return each;
            }
        }
        throw new InputException("--dtype is \"" + dtype + "\"; expected same, f32, bf16 or f16"
                + Spelling.suggestion(dtype, List.of("same", "f32", "bf16", "f16")));
    }
}
