package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksumsTest {
    /** SHA-256 of "abc": the first example of FIPS 180-2. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    /** SHA-256 of nothing. */
    private static final String EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private static final Set<String> NAMES = Set.of("a file", "b");

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("b"), "abc");
        Files.createFile(folder.resolve("a file"));
        Checksums.write(folder, NAMES);
    }

    @Test
    void theListIsThatOfSha256sum() {
        assertThat(folder.resolve(Checksums.LIST)).hasContent(EMPTY + "  a file\n" + ABC + "  b\n");
        assertThat(Checksums.of(folder.resolve("b"))).isEqualTo(ABC);
        assertThat(Checksums.damage(folder, NAMES)).isEmpty();
    }

    @Test
    void everyFlippedBitAndEveryMissingEndShows() throws IOException {
        for (String name : new String[] {"b", Checksums.LIST}) {
            Path file = folder.resolve(name);
            byte[] bytes = Files.readAllBytes(file);
            for (int bit = 0; bit < 8 * bytes.length; bit++) {
                byte[] flipped = bytes.clone();
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                Files.write(file, flipped);
                assertThat(Checksums.damage(folder, NAMES))
                        .as("bit %s of %s", bit, name)
                        .isNotEmpty();
            }
            for (int length = 0; length < bytes.length; length++) {
                Files.write(file, java.util.Arrays.copyOf(bytes, length));
                assertThat(Checksums.damage(folder, NAMES))
                        .as("%s bytes of %s", length, name)
                        .isNotEmpty();
            }
            Files.write(file, bytes);
            assertThat(Checksums.damage(folder, NAMES)).isEmpty();
        }
    }

    @Test
    void filesThatAreMissingAreNamed() throws IOException {
        Files.delete(folder.resolve("b"));
        assertThat(Checksums.damage(folder, NAMES)).contains("b is in SHA256SUMS and missing");
        Files.delete(folder.resolve(Checksums.LIST));
        assertThat(Checksums.damage(folder, NAMES)).isNotEmpty();
    }

    @Test
    void filesOfOthersAreNeitherListedNorDamage() throws IOException {
        Files.createFile(folder.resolve(".DS_Store"));
        Files.createDirectory(folder.resolve("notes"));
        assertThat(Checksums.damage(folder, NAMES)).isEmpty();
        Checksums.write(folder, NAMES);
        assertThat(folder.resolve(Checksums.LIST)).content().doesNotContain("DS_Store");
        Checksums.write(folder, Set.of("b"));
        assertThat(Checksums.damage(folder, NAMES)).contains("a file is not in SHA256SUMS");
    }
}
