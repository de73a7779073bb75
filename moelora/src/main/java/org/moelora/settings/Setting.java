package org.moelora.settings;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * A setting: its name, range, default and help, in one place. Immutable.
 *
 * @param <S> the record that has it
 * @param <T> the type of its values
 * @param name what flags and YAML call it: words with dashes between them; {@link #field} is what JSON calls it
 * @param kind what it can be
 * @param getter its value in a record, null where the record has none
 * @param otherwise the default; null for none
 * @param help one sentence or two, in which <code>{}</code> is {@code otherwise}
 * @param parts what it is about
 * @param presence whether files have it
 * @param needs what another setting has to be, so that there is something to set; null for nothing
 */
public record Setting<S, T>(
        String name,
        Kind<T> kind,
        Function<S, @Nullable T> getter,
        @Nullable T otherwise,
        String help,
        Set<Part> parts,
        Presence presence,
        @Nullable Needs<S> needs) {
    /** Whether the files of adapters and runs have a setting. */
    public enum Presence {
        /** They do. */
        ALWAYS,
        /** They do, but for files from before there was a choice. */
        SINCE_A_CHOICE,
        /** They need not: those that list what is unusual have it only where it is, and others may be from before there was a choice. */
        UNUSUAL
    }

    /**
     * What another setting has to be.
     *
     * @param of the other setting
     * @param oneOf its values with which there is something to set
     */
    public record Needs<S>(Setting<S, String> of, List<String> oneOf) {
        public Needs {
            oneOf = List.copyOf(oneOf);
        }

        private <R> Needs<R> within(Function<R, S> part) {
            return new Needs<>(of.within(part), oneOf);
        }
    }

    public Setting {
        parts = Set.copyOf(parts);
    }

    /** A setting that files always have. */
    public static <S, T> Setting<S, T> of(
            String name,
            Kind<T> kind,
            Function<S, @Nullable T> getter,
            @Nullable T otherwise,
            String help,
            Part... parts) {
        Set<Part> all = EnumSet.noneOf(Part.class);
        all.addAll(Arrays.asList(parts));
        return new Setting<>(name, kind, getter, otherwise, help, all, Presence.ALWAYS, null);
    }

    /** The same, which files from before there was a choice do not have. */
    public Setting<S, T> sinceAChoice() {
        return new Setting<>(name, kind, getter, otherwise, help, parts, Presence.SINCE_A_CHOICE, needs);
    }

    /** The same, which files have only where it is unusual. */
    public Setting<S, T> whereUnusual() {
        return new Setting<>(name, kind, getter, otherwise, help, parts, Presence.UNUSUAL, needs);
    }

    /** The same, for records alone in which another setting has one of these values. */
    public Setting<S, T> onlyWith(Setting<S, String> other, String... oneOf) {
        return new Setting<>(name, kind, getter, otherwise, help, parts, presence, new Needs<>(other, List.of(oneOf)));
    }

    /** The same of a record that has the other as a part. */
    public <R> Setting<R, T> within(Function<R, S> part) {
        return new Setting<>(
                name,
                kind,
                record -> getter.apply(part.apply(record)),
                otherwise,
                help,
                parts,
                presence,
                needs == null ? null : needs.within(part));
    }

    /** What JSON calls it. */
    public String field() {
        return name.replace('-', '_');
    }

    /** Its value in a record, as files write it; null where the record has none. */
    public @Nullable Object written(S record) {
        T value = getter.apply(record);
        return value == null ? null : kind.writer().apply(value);
    }

    /** {@code help} with the default in it. */
    public String helpText() {
        return otherwise == null ? help : help.replace("{}", kind.shown(otherwise));
    }

    /** The default as a reader would write it; empty for none. */
    public String shownDefault() {
        return otherwise == null ? "" : kind.shown(otherwise);
    }

    /**
     * @throws InputException naming the setting, if the value is out of range
     */
    public void check(T value) {
        check(name, value);
    }

    /**
     * @param place what the message names, such as a flag
     * @throws InputException if the value is out of range
     */
    public void check(String place, T value) {
        if (!kind.allows().test(value)) {
            throw new InputException(place + " is " + value + "; expected " + kind.expected());
        }
    }
}
