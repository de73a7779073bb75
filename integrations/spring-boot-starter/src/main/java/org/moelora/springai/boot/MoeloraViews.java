package org.moelora.springai.boot;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;

/** The base model and one view for each adapter, by name. Owns the adapters, not the base. */
public final class MoeloraViews implements AutoCloseable {
    private final Map<String, LanguageModel> views;
    private final List<Adapter> adapters;

    private MoeloraViews(Map<String, LanguageModel> views, List<Adapter> adapters) {
        this.views = views;
        this.adapters = adapters;
    }

    /**
     * Loads the adapters.
     *
     * @throws InputException if a folder is no adapter for this base, or has the base's name
     */
    static MoeloraViews load(Decoder base, String baseName, Map<String, Path> folders) {
        Map<String, LanguageModel> views = new LinkedHashMap<>();
        List<Adapter> adapters = new ArrayList<>();
        views.put(baseName, base.plain());
        try {
            folders.forEach((name, folder) -> {
                if (name.equals(baseName)) {
                    throw new InputException("moelora.adapters." + name
                            + " has the name of the base model; expected another, or another moelora.base-name");
                }
                Adapter adapter = Adapter.load(folder, base);
                adapters.add(adapter);
                views.put(name, base.with(adapter));
            });
        } catch (RuntimeException | Error e) {
            adapters.forEach(Adapter::close);
            throw e;
        }
        return new MoeloraViews(Collections.unmodifiableMap(views), adapters);
    }

    /** The base first, then the adapters as they are listed. */
    public Map<String, LanguageModel> all() {
        return views;
    }

    /**
     * One of them.
     *
     * @param name null for the base
     * @throws InputException if there is none of this name
     */
    public LanguageModel get(@Nullable String name) {
        LanguageModel view = views.get(name(name));
        if (view == null) {
            throw new InputException(
                    "there is no model \"" + name + "\"; expected one of " + String.join(", ", views.keySet()));
        }
        return view;
    }

    /** The name itself, or the base's for null. */
    String name(@Nullable String name) {
        return name == null ? views.keySet().iterator().next() : name;
    }

    @Override
    public void close() {
        adapters.forEach(Adapter::close);
    }
}
