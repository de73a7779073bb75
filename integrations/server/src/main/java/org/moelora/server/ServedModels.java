package org.moelora.server;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;

/**
 * A decoder and its adapters by name. An adapter that is unloaded or replaced is closed when the last request that it answers has ended. Safe for any thread.
 */
final class ServedModels implements AutoCloseable {
    /** A name, and what answers to it. */
    static final class Served {
        private final String name;
        private final @Nullable Adapter adapter;
        private final @Nullable Path folder;
        private final Instant since = Instant.now();
        private int users;
        private boolean retired;

        private Served(String name, @Nullable Adapter adapter, @Nullable Path folder) {
            this.name = name;
            this.adapter = adapter;
            this.folder = folder;
        }

        String name() {
            return name;
        }

        @Nullable Adapter adapter() {
            return adapter;
        }

        @Nullable Path folder() {
            return folder;
        }

        Instant since() {
            return since;
        }
    }

    /** What answers one request, for as long as it is open. */
    final class Lease implements AutoCloseable {
        private final Served served;
        private boolean open = true;

        private Lease(Served served) {
            this.served = served;
        }

        String name() {
            return served.name;
        }

        LanguageModel view() {
            return served.adapter == null ? decoder.plain() : decoder.with(served.adapter);
        }

        @Override
        public void close() {
            synchronized (ServedModels.this) {
                if (open) {
                    open = false;
                    served.users--;
                    closeIfUnused(served);
                }
            }
        }
    }

    private final Decoder decoder;
    private final String base;
    private final Map<String, Served> byName = new LinkedHashMap<>();
    private final Set<Served> all = new LinkedHashSet<>();

    ServedModels(Decoder decoder, String base) {
        this.decoder = decoder;
        this.base = base;
        put(new Served(base, null, null));
    }

    private void put(Served served) {
        byName.put(served.name, served);
        all.add(served);
    }

    /** The name of the decoder alone. */
    String base() {
        return base;
    }

    Decoder decoder() {
        return decoder;
    }

    synchronized List<Served> served() {
        return List.copyOf(byName.values());
    }

    private synchronized List<String> names() {
        return List.copyOf(byName.keySet());
    }

    /** @throws ApiException if there is no such name */
    synchronized Lease lease(String name) {
        Served served = byName.get(name);
        if (served == null) {
            throw ApiException.noModel(name, names());
        }
        served.users++;
        return new Lease(served);
    }

    /** The name of an adapter by its place in the list of models: 0 is the first adapter. */
    synchronized String adapter(int number) {
        List<String> names = names();
        if (number < 0 || number + 1 >= names.size()) {
            throw ApiException.invalid(
                    "lora",
                    "the adapter " + number + " is not there, of " + (names.size() - 1)
                            + "; expected the number of one, from 0 on, or its name");
        }
        return names.get(number + 1);
    }

    /**
     * Reads an adapter, outside of the lock, and gives it a name.
     *
     * @param replaces whether it takes the place of one with its name
     * @throws InputException if the folder has no adapter for the model, or the name is not free
     */
    void load(String name, Path folder, boolean replaces) {
        checkFree(name, replaces);
        Adapter adapter = Adapter.load(folder, decoder);
        synchronized (this) {
            try {
                checkFree(name, replaces);
            } catch (InputException e) {
                adapter.close();
                throw e;
            }
            Served before = byName.get(name);
            put(new Served(name, adapter, folder));
            retire(before);
        }
    }

    private synchronized void checkFree(String name, boolean replaces) {
        if (name.isBlank() || name.length() > 200) {
            throw new InputException("an adapter's name has " + name.length() + " characters; expected 1 to 200");
        }
        if (name.equals(base)) {
            throw new InputException("\"" + name + "\" is the model itself; expected another name for an adapter");
        }
        if (byName.containsKey(name) && !replaces) {
            throw new InputException("an adapter is called \"" + name
                    + "\" already; expected another name, or that it is to be replaced");
        }
    }

    /** @throws ApiException if there is no adapter with the name */
    synchronized void unload(String name) {
        Served served = byName.get(name);
        if (served == null || served.adapter == null) {
            throw ApiException.noModel(name, names().subList(1, byName.size()));
        }
        byName.remove(name);
        retire(served);
    }

    private synchronized void retire(@Nullable Served served) {
        if (served != null) {
            served.retired = true;
            closeIfUnused(served);
        }
    }

    private synchronized void closeIfUnused(Served served) {
        if (served.retired && served.users == 0) {
            all.remove(served);
            if (served.adapter != null) {
                served.adapter.close();
            }
        }
    }

    /** Closes the adapters, in whatever use they are. */
    @Override
    public synchronized void close() {
        for (Served served : new ArrayList<>(all)) {
            if (served.adapter != null) {
                served.adapter.close();
            }
        }
        all.clear();
        byName.clear();
    }
}
