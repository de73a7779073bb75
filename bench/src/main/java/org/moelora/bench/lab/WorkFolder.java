package org.moelora.bench.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A folder for what a benchmark needs while it runs, such as a model.
 *
 * @param path of the folder, which is there and empty at first
 */
public record WorkFolder(Path path) implements AutoCloseable {
    /** Makes one among the system's temporary files. */
    public static WorkFolder make() {
        try {
            return new WorkFolder(Files.createTempDirectory("moelora-bench"));
        } catch (IOException e) {
            throw new UncheckedIOException("no folder can be made for the model: " + e.getMessage(), e);
        }
    }

    /** Removes it with all that is in it, or says that it could not: what was measured is worth more than the folder. */
    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            System.err.println("bench: " + path + " could not be removed");
        }
    }
}
