package org.moelora.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flags that say which model, of commands that read one. */
final class ModelFlags {
    @Option(
            names = "--model",
            paramLabel = "PATH",
            required = true,
            description = "The model: a Hugging Face folder with config.json and safetensors, or a GGUF file.")
    private @Nullable Path model;

    @Option(names = "--adapter", paramLabel = "DIR", description = "An adapter on it; without one, the base alone.")
    private @Nullable Path adapter;

    @Option(
            names = "--task-id",
            paramLabel = "NAME",
            description = "The task of all texts, for an adapter with the gate task; otherwise the rows say it.")
    private @Nullable String task;

    View load(LoadFlags load) {
        return View.of(load.load(path()), adapter, task);
    }

    /** As {@link #load}, with every matrix as it is stored. */
    View loadAsStored(LoadFlags load) {
        return View.of(load.loadAsStored(path()), adapter, task);
    }

    private Path path() {
        return Flags.given("--model", model);
    }
}
