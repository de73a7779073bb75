package org.moelora.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Files;
import java.nio.file.Path;

/** Other people's files, read in place from the folder that {@code -Dmoelora.published=DIR} names. */
public final class Published {
    private static final String PROPERTY = "moelora.published";

    private Published() {}

    /**
     * The file or folder of that name in DIR; a relative DIR counts from the project's root. Without the property the test that asks
     * is skipped, with it a file that is missing fails the test. To be called outside assertions, which would catch the skipping.
     */
    public static Path file(String name) {
        String folder = System.getProperty(PROPERTY, "");
        assumeFalse(folder.isEmpty(), "needs -D" + PROPERTY + "=DIR with " + name);
        Path found = root().resolve(folder).resolve(name).normalize();
        assertTrue(Files.exists(found), "there is no " + found + "; expected it in the folder of -D" + PROPERTY);
        return found;
    }

    /** Tests run in the folder of their module; .mvn marks the project's. */
    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        for (Path folder = here; folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve(".mvn"))) {
                return folder;
            }
        }
        return here;
    }
}
