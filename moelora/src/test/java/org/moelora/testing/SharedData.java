package org.moelora.testing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Other people's data, read in place beside the project; a test that needs it is skipped where it is not there. */
public final class SharedData {
    private SharedData() {}

    /** The file or folder of that name under {@code ../shared/data}, seen from the project's root. */
    public static Path require(String name) {
        Path found = Path.of("../../shared/data").resolve(name);
        assumeTrue(Files.exists(found), "needs ../shared/data/" + name + " beside the project");
        return found;
    }
}
