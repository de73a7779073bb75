package org.moelora.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterSummary;
import org.moelora.adapter.LoraConfig;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.model.Decoder;
import org.moelora.model.Merge;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code moelora merge}. */
@Command(
        name = "merge",
        customSynopsis = "moelora merge --model=DIR --adapter=DIR --out=DIR [--dtype=NAME]",
        header = "Put a LoRA into the weights of its base, as a new checkpoint.",
        description =
                "%nThe new folder needs no adapter. An adapter with experts cannot be merged: its update depends on the token.",
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
        if (!(AdapterSummary.read(lora).config() instanceof LoraConfig)) {
            throw new InputException(lora + ": has experts, and how much of each is added depends on the token, so no"
                    + " weight can hold it; expected a LoRA");
        }
        try (Decoder base = Decoder.load(from);
                Adapter loaded = Adapter.load(lora, base)) {
            Merge.of(base, loaded).as(type).into(to);
            streams.out().println("merged " + loaded.modules().size() + " linears into " + to);
        }
        return 0;
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
