package org.moelora.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/** What commands ask of flags. */
final class Flags {
    private Flags() {}

    /** The value of a flag that has to be given. */
    static <T> T given(String flag, @Nullable T value) {
        if (value == null) {
            throw new InputException(flag + " is missing; expected it on the command line or in the file of --config");
        }
        return value;
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
