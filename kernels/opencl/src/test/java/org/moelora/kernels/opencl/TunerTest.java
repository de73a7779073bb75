package org.moelora.kernels.opencl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.kernels.DeviceOptions;

/** The tile that is measured is kept, and taken when the device opens. */
class TunerTest {
    private static final DeviceOptions POISONED = new DeviceOptions(0, true);
    private static final Tiles.Tile SMALL = new Tiles.Tile(32, 32, 16, 4, 4);

    @TempDir
    private Path folder;

    private String before = "";

    @BeforeEach
    void keepElsewhere() {
        before = System.getProperty(BinaryCache.FOLDER, "");
        System.setProperty(BinaryCache.FOLDER, folder.toString());
    }

    @AfterEach
    void keepWhereItWas() {
        if (before.isEmpty()) {
            System.clearProperty(BinaryCache.FOLDER);
        } else {
            System.setProperty(BinaryCache.FOLDER, before);
        }
    }

    private static String description() {
        try (OpenClDevice device = OpenClConformanceTest.open(POISONED, 0)) {
            return device.description();
        }
    }

    private static Platforms.Listed listed() {
        return Platforms.answer().devices().getFirst();
    }

    @Test
    void whatIsKeptIsTakenByTheNextDevice() {
        assertThat(description()).endsWith("(not tuned: moelora devices --tune)");
        KeptTile kept = KeptTile.of(BinaryCache.of(listed()));
        kept.keep(SMALL, List.of("for people"));
        assertThat(kept.file()).hasParent(folder).hasContent("32x32x16 4x4\nfor people\n");
        assertThat(description()).endsWith("tiles of 32x32x16 4x4");
        kept.keep(new Tiles.Tile(64, 64, 16, 4, 4), List.of());
        assertThat(description()).endsWith("tiles of 64x64x16 4x4");
    }

    @Test
    void aFileThatTheTunerDidNotWriteIsNotTaken() throws IOException {
        description(); // or skips
        KeptTile kept = KeptTile.of(BinaryCache.of(listed()));
        for (String bad : List.of(
                "",
                "\n",
                "32x32",
                "32x32x16 4xfour",
                "32x32x16 3x4",
                "0x0x0 0x0",
                "-32x32x16 4x4",
                "4096x4096x64 8x8",
                "x".repeat(100_000))) {
            Files.writeString(kept.file(), bad);
            assertThat(description()).endsWith("(not tuned: moelora devices --tune)");
        }
        Files.write(kept.file(), new byte[] {(byte) 0xFF, (byte) 0xFE, 0});
        assertThat(description()).endsWith("(not tuned: moelora devices --tune)");
    }

    @Test
    void aFolderThatCannotBeWrittenIsSaid() throws IOException {
        Path file = Files.writeString(folder.resolve("a file"), "and no folder");
        KeptTile kept = new KeptTile(file.resolve("tile.txt"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> kept.keep(SMALL, List.of()))
                .withMessageContaining("tile.txt cannot be written")
                .withMessageContaining("expected");
    }

    @Test
    void theBestOfThoseThatFitIsFound() {
        try (OpenClDevice device = OpenClConformanceTest.open(POISONED, 0)) {
            Tiles.Tile tooLarge = new Tiles.Tile(2048, 2048, 64, 8, 8);
            Tuner tuner = new Tuner(device, listed());
            Tuner.Result result = tuner.run(List.of(tooLarge, SMALL), 64);
            assertThat(result.best()).isEqualTo(SMALL);
            assertThat(result.lines()).hasSize(3);
            assertThat(result.lines().get(0)).contains("64x64x64", "64x192x64", "16x128x64");
            assertThat(result.lines().get(1)).startsWith("2048x2048x64 8x8: needs 2101248 bytes");
            assertThat(result.lines().get(2)).matches("32x32x16 4x4:( [0-9]+\\.[0-9]){4}");
            assertThatIllegalStateException()
                    .isThrownBy(() -> tuner.run(List.of(tooLarge), 64))
                    .withMessageContaining("no tile runs on opencl:0");
        }
    }
}
