package org.moelora.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import picocli.CommandLine.Option;

/** The flags that say which model, of commands that read one. */
@Under(Section.MODEL)
final class ModelFlags {
    @Option(
            names = "--model",
            paramLabel = "PATH",
            required = true,
            description = "The model: a Hugging Face folder with config.json and safetensors, or a GGUF file.")
    private @Nullable Path model;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "An adapter on it; without one, the base alone. Eval of a --task takes several.")
    private List<Path> adapters = new ArrayList<>();

    @Option(
            names = "--task-id",
            paramLabel = "NAME",
            description = "The task of all texts, for an adapter with the gate task; otherwise the rows say it.")
    private @Nullable String task;

    /** The one view that most commands work with. */
    View load(LoadFlags load) {
        Path adapter = adapter();
        return View.of(load.load(path()), adapter, task);
    }

    /** As {@link #load}, with every matrix as it is stored. */
    View loadAsStored(LoadFlags load) {
        Path adapter = adapter();
        return View.of(load.loadAsStored(path()), adapter, task);
    }

    /** Every adapter on one base; the base alone where there is none, or where it is asked for. */
    Views loadAll(LoadFlags load, boolean withBase) {
        return Views.of(load.load(path()), adapters, task, withBase);
    }

    private Path path() {
        return Flags.given("--model", model);
    }

    private @Nullable Path adapter() {
        if (adapters.size() > 1) {
            throw new InputException("--adapter is given " + adapters.size()
                    + " times; expected one, as only eval of a --task puts several side by side");
        }
        return adapters.isEmpty() ? null : adapters.getFirst();
    }
}
