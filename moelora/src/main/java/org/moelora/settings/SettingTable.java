package org.moelora.settings;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The settings of a record while its class declares them, in the order in which files and help have them: a setting that is declared through the table is in
 * it. Not thread-safe; it is filled by a static initialiser.
 *
 * @param <S> the record
 */
public final class SettingTable<S> {
    private final List<Setting<S, ?>> settings = new ArrayList<>();

    /** An empty table. */
    public SettingTable() {}

    /** Declares a setting. */
    public <T> Setting<S, T> add(Setting<S, T> setting) {
        settings.add(setting);
        return setting;
    }

    /** Declares the settings of a part of the record. */
    public <P> void addAll(Settings<P> part, Function<S, P> getter) {
        settings.addAll(part.within(getter));
    }

    /**
     * The settings that are declared by now.
     *
     * @param maker makes a record of values
     */
    public Settings<S> madeBy(Function<Values, S> maker) {
        return new Settings<>(settings, maker);
    }
}
