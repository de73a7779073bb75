package org.moelora.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import picocli.CommandLine.Option;

/** The flags that say which model, of commands that read one. */
final class ModelFlags {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            required = true,
            description = "The checkpoint: a Hugging Face folder with config.json and safetensors.")
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
    View load(DeviceFlags device) {
        if (adapters.size() > 1) {
            throw new InputException("--adapter is given " + adapters.size()
                    + " times; expected one, as only eval of a --task puts several side by side");
        }
        Path adapter = adapters.isEmpty() ? null : adapters.getFirst();
        return View.load(Flags.given("--model", model), adapter, task, device.choice());
    }

    /** Every adapter on one base; the base alone where there is none, or where it is asked for. */
    Views loadAll(DeviceFlags device, boolean withBase) {
        return Views.load(Flags.given("--model", model), adapters, task, withBase, device.choice());
    }
}
