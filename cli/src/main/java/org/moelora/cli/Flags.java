package org.moelora.cli;

import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.settings.Part;
import org.moelora.settings.Setting;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** What commands ask of flags. */
final class Flags {
    private Flags() {}

    /** The parts of a run that a field with a flag is about. */
    static Set<Part> parts(Field field) {
        About parts = field.getAnnotation(About.class);
        return parts == null ? Set.of() : Set.of(parts.value());
    }

    /** The parts of a run that a flag is about; flags that are neither settings nor fields of a command are about the program itself. */
    static Set<Part> parts(OptionSpec option) {
        return switch (option.userObject()) {
            case Setting<?, ?> setting -> setting.parts();
            case Field field -> parts(field);
            case null, default -> Set.of(Part.CALL);
        };
    }

    /** The value of a flag that has to be given. */
    static <T> T given(String flag, @Nullable T value) {
        if (value == null) {
            throw new InputException(flag + " is missing; expected it on the command line or in the file of --config");
        }
        return value;
    }

    /** The flags of an object that have a value, without their dashes, in the order of its fields. */
    static Map<String, Object> values(Object of) {
        return values(of, field -> !parts(field).contains(Part.CALL));
    }

    /** Of the flags that are asked for. */
    static Map<String, Object> values(Object of, Predicate<Field> which) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (Field field : of.getClass().getDeclaredFields()) {
            Option option = field.getAnnotation(Option.class);
            if (option == null || !which.test(field)) {
                continue;
            }
            try {
                field.setAccessible(true);
                Object value = field.get(of);
                if (value != null) {
                    values.put(option.names()[0].substring(2), inFile(value));
                }
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(field + " cannot be read", e);
            }
        }
        return values;
    }

    /** As a file of flags has it. */
    private static Object inFile(Object value) {
        return switch (value) {
            case Path path -> absolute(path);
            case List<?> list -> list.stream().map(Flags::inFile).toList();
            default -> value;
        };
    }

    static <T> T or(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    /** Files in a sentence. */
    static String names(List<Path> files) {
        return files.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    /** As it can be read from any folder. */
    static String absolute(Path path) {
        return path.toAbsolutePath().normalize().toString();
    }
}
