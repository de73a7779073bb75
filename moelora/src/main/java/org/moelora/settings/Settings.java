package org.moelora.settings;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * All settings of a record, in the order in which files and help have them; a {@link SettingTable} makes it. Immutable.
 *
 * @param <S> the record
 * @param all the settings
 * @param maker makes a record of values
 */
public record Settings<S>(List<Setting<S, ?>> all, Function<Values, S> maker) {
    public Settings {
        all = List.copyOf(all);
    }

    /** These, as settings of a record that has the other as a part. */
    public <R> List<Setting<R, ?>> within(Function<R, S> part) {
        List<Setting<R, ?>> settings = new ArrayList<>();
        for (Setting<S, ?> setting : all) {
            settings.add(setting.within(part));
        }
        return settings;
    }

    /** A record of those values. */
    public S make(Values values) {
        return maker.apply(values);
    }

    /** The record in which every setting has its default. */
    public S defaults() {
        return make(Values.NONE);
    }

    /** What a record says. */
    public Values valuesOf(S record) {
        return Values.of(mapOf(record));
    }

    /** What a record says, by the settings' names. */
    public Map<String, @Nullable Object> mapOf(S record) {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        for (Setting<S, ?> setting : all) {
            values.put(setting.name(), setting.getter().apply(record));
        }
        return values;
    }

    /** The same record with another value of a setting. */
    public <T> S with(S record, Setting<S, T> setting, T value) {
        return make(valuesOf(record).and(setting, value));
    }

    /** A record as a file has it that lists all settings, by their fields. */
    public Map<String, @Nullable Object> write(S record) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        for (Setting<S, ?> setting : all) {
            json.put(setting.field(), setting.written(record));
        }
        return json;
    }

    /**
     * The settings of a record that a file lists that leaves out what is usual: those that the record has.
     *
     * @param usual values that count instead of the defaults
     */
    public List<Setting<S, ?>> listed(S record, Values usual) {
        return all.stream().filter(setting -> isListed(setting, record, usual)).toList();
    }

    private static <S, T> boolean isListed(Setting<S, T> setting, S record, Values usual) {
        T value = setting.getter().apply(record);
        return value != null && (setting.presence() != Setting.Presence.UNUSUAL || !value.equals(usual.get(setting)));
    }

    /** The first setting that matters to the result in which two records differ, in words; empty if there is none. */
    public Optional<String> difference(S given, S has) {
        for (Setting<S, ?> setting : all) {
            Object asked = setting.written(given);
            Object there = setting.written(has);
            if (!Objects.equals(asked, there) && !setting.parts().contains(Part.SURROUNDINGS)) {
                return Optional.of(setting.name() + " is " + asked + ", and the run has " + there);
            }
        }
        return Optional.empty();
    }
}
