package org.moelora.cli;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.GatePolicy;
import org.moelora.data.ExampleEncoder;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;

/**
 * One base with several adapters, for as long as one command runs.
 *
 * @param adapters all that are to be closed
 * @param views in the order of the command line, the base first
 */
record Views(Decoder base, List<Adapter> adapters, List<Named> views) implements AutoCloseable {
    /**
     * One view.
     *
     * @param name {@code base} or the adapter's folder
     */
    record Named(String name, LanguageModel model) {}

    /**
     * Takes a base over.
     *
     * @param task of all texts, or null; for the adapters whose gates depend on it
     * @param withBase whether the base alone is one of the views; it is also if there is no adapter
     */
    static Views of(Decoder base, List<Path> folders, @Nullable String task, boolean withBase) {
        Views all = new Views(base, new ArrayList<>(), new ArrayList<>());
        try {
            for (Path folder : folders) {
                all.adapters.add(Adapter.load(folder, all.base));
            }
            boolean some = all.adapters.stream().anyMatch(Views::goesByTask);
            if (withBase || folders.isEmpty()) {
                LanguageModel plain = all.base.plain();
                all.views.add(new Named("base", task == null || some ? plain : plain.forTask(task)));
            }
            for (int i = 0; i < folders.size(); i++) {
                Adapter adapter = all.adapters.get(i);
                LanguageModel view = all.base.with(adapter);
                boolean ofTask = goesByTask(adapter) || !some;
                all.views.add(new Named(folders.get(i).toString(), task != null && ofTask ? view.forTask(task) : view));
            }
            return all;
        } catch (RuntimeException | Error e) {
            all.close();
            throw e;
        }
    }

    private static boolean goesByTask(Adapter adapter) {
        return adapter.config().gate() instanceof GatePolicy.TaskGate;
    }

    ExampleEncoder encoder(LocalDate today) {
        return View.encoder(base, today);
    }

    @Override
    public void close() {
        adapters.forEach(Adapter::close);
        base.close();
    }
}
