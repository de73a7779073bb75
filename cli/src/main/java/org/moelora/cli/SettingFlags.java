package org.moelora.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.settings.Setting;
import org.moelora.settings.Values;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.IGetter;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;

/** The flags of settings, and which of them were given. Their names, ranges, defaults and help are those of the settings. */
final class SettingFlags implements Values {
    private final List<Setting<?, ?>> settings;
    private final Map<String, Object> given = new LinkedHashMap<>();

    SettingFlags(List<? extends Setting<?, ?>> settings) {
        this.settings = List.copyOf(settings);
    }

    List<Setting<?, ?>> all() {
        return settings;
    }

    void addTo(CommandSpec command) {
        settings.forEach(setting -> command.addOption(option(setting)));
    }

    private OptionSpec option(Setting<?, ?> setting) {
        Class<?> written = setting.kind().written();
        Place place = new Place(setting.name());
        OptionSpec.Builder option = OptionSpec.builder("--" + name(setting))
                .type(written)
                .arity(written == Boolean.class ? "0" : "1")
                .description(setting.helpText().replace("%", "%%"))
                .userObject(setting)
                .getter(place)
                .setter(place);
        if (written != Boolean.class) {
            option.paramLabel(setting.kind().label());
        }
        return option.build();
    }

    /** Where the parser puts what is given. */
    private final class Place implements IGetter, ISetter {
        private final String name;

        Place(String name) {
            this.name = name;
        }

        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"
        }) // picocli's contract; the parser keeps to the option's type
        public <T> @Nullable T get() {
            return (T) given.get(name);
        }

        @Override
        public <T> @Nullable T set(@Nullable T value) {
            T before = get();
            if (value == null) {
                given.remove(name);
            } else {
                given.put(name, value);
            }
            return before;
        }
    }

    /** The flag's name without its dashes: a setting that is on by default has a flag that turns it off. */
    static String name(Setting<?, ?> setting) {
        return isOnUnlessSaid(setting) ? "no-" + setting.name() : setting.name();
    }

    private static boolean isOnUnlessSaid(Setting<?, ?> setting) {
        return Boolean.TRUE.equals(setting.otherwise());
    }

    /**
     * @throws InputException naming the flag, if its value is not allowed
     */
    @Override
    @SuppressWarnings("unchecked") // what is not a text has the type that it is written in
    public <T> @Nullable T said(Setting<?, T> setting) {
        Object written = given.get(setting.name());
        if (written == null) {
            return null;
        }
        String flag = "--" + name(setting);
        T value = switch (written) {
            case String text -> setting.kind().parser().apply(flag, text);
            case Boolean on when isOnUnlessSaid(setting) -> (T) (Object) !on;
            default -> (T) written;
        };
        setting.check(flag, value);
        return value;
    }

    /** Refuses settings that are given. */
    void refuse(Predicate<Setting<?, ?>> which, UnaryOperator<String> sentence) {
        for (Setting<?, ?> setting : settings) {
            if (given.containsKey(setting.name()) && which.test(setting)) {
                throw new InputException(sentence.apply("--" + name(setting)));
            }
        }
    }

    /** Adds settings of a record to a file of flags. */
    static <S> void write(Map<String, Object> flags, List<Setting<S, ?>> settings, S record) {
        for (Setting<S, ?> setting : settings) {
            Object value = setting.written(record);
            if (value != null) {
                flags.put(
                        name(setting),
                        switch (value) {
                            case Boolean on when isOnUnlessSaid(setting) -> !on;
                            case List<?> list ->
                                list.stream().map(String::valueOf).collect(Collectors.joining(","));
                            default -> value;
                        });
            }
        }
    }

    /** A command that has such flags. */
    interface Owner {
        SettingFlags settings();
    }
}
