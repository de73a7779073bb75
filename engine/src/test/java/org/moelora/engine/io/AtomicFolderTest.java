package org.moelora.engine.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.engine.InputException;

class AtomicFolderTest {
    private static final Set<String> NAMES = Set.of("a", "b");

    @TempDir
    Path folder;

    private static AtomicFolder.Body files(String... namesAndTexts) {
        return to -> {
            for (int i = 0; i < namesAndTexts.length; i += 2) {
                Files.writeString(to.resolve(namesAndTexts[i]), namesAndTexts[i + 1]);
            }
        };
    }

    private void assertOnly(String... names) throws IOException {
        try (var entries = Files.list(folder)) {
            assertThat(entries.map(p -> p.getFileName().toString())).containsExactlyInAnyOrder(names);
        }
    }

    @Test
    void makesTheFolderAndItsParents() throws IOException {
        Path out = folder.resolve("x/y/out");
        AtomicFolder.write(out, NAMES, files("a", "1"));

        assertThat(out.resolve("a")).hasContent("1");
        assertOnly("x");
    }

    @Test
    void replacesAnOlderFolderAsAWhole() throws IOException {
        Path out = folder.resolve("out");
        AtomicFolder.write(out, NAMES, files("a", "1", "b", "2"));
        AtomicFolder.write(out, NAMES, files("a", "3"));

        assertThat(out.resolve("a")).hasContent("3");
        assertThat(out.resolve("b")).doesNotExist();
        assertOnly("out");
    }

    @Test
    void followsALinkToTheFolder() throws IOException {
        Path real = Files.createDirectory(folder.resolve("real"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        AtomicFolder.write(link, NAMES, files("a", "1"));

        assertThat(link).isSymbolicLink();
        assertThat(real.resolve("a")).hasContent("1");
    }

    @Test
    void leavesNothingBehindOnFailure() throws IOException {
        Path out = folder.resolve("out");
        AtomicFolder.write(out, NAMES, files("a", "1"));
        AtomicFolder.Body failing = to -> {
            Files.writeString(to.resolve("a"), "half");
            throw new IOException("disk full");
        };

        assertThatThrownBy(() -> AtomicFolder.write(out, NAMES, failing))
                .isInstanceOf(InputException.class)
                .hasMessage(out + ": disk full; expected a place that can be written");
        assertThatThrownBy(() -> AtomicFolder.write(folder.resolve("x/y/z"), NAMES, failing))
                .isInstanceOf(InputException.class);
        assertThatThrownBy(() -> AtomicFolder.write(folder.resolve("x/y/z"), NAMES, to -> {
                    throw new IllegalStateException("a bug");
                }))
                .isInstanceOf(IllegalStateException.class);
        assertOnly("out");
        assertThat(out.resolve("a")).hasContent("1");
    }

    @Test
    void leavesOtherPeoplesFilesAlone() throws IOException {
        Path out = Files.createDirectory(folder.resolve("out"));
        Files.writeString(out.resolve("thesis.tex"), "years of work");

        assertThatThrownBy(() -> AtomicFolder.write(out, NAMES, files("a", "1")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("\"thesis.tex\"")
                .hasMessageEndingWith("expected a new folder, or one with only a, b");
        assertThat(out.resolve("thesis.tex")).hasContent("years of work");

        Path inner = Files.createDirectories(folder.resolve("outer/a"));
        assertThatThrownBy(() -> AtomicFolder.checkReplaceable(folder.resolve("outer"), NAMES))
                .isInstanceOf(InputException.class);
        assertThat(inner).exists();
    }

    @Test
    void refusesAPlaceTakenByAFile() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "1");

        assertThatThrownBy(() -> AtomicFolder.write(file, NAMES, files("a", "1")))
                .isInstanceOf(InputException.class)
                .hasMessage(file + ": this is a file; expected a folder to write");
        assertThatThrownBy(() -> AtomicFolder.write(file.resolve("out"), NAMES, files("a", "1")))
                .isInstanceOf(InputException.class);
        assertOnly("file");
        assertThat(file).hasContent("1");
    }

    @Test
    void sweepingEndsWhatAKilledProcessBegan() throws IOException {
        String id = UUID.randomUUID().toString();
        AtomicFolder.write(folder.resolve("kept"), NAMES, files("a", "new"));
        Path half = Files.createDirectory(folder.resolve(".half." + id + ".part"));
        Files.writeString(half.resolve("a"), "1");
        Path replaced = Files.createDirectory(folder.resolve(".kept." + id + ".old"));
        Files.writeString(replaced.resolve("a"), "older");
        Path lost = Files.createDirectory(folder.resolve(".lost.name." + id + ".old"));
        Files.writeString(lost.resolve("a"), "2");
        Files.writeString(folder.resolve(".file.json." + id + ".part"), "half a fi");
        Files.writeString(folder.resolve(".mine.part"), "not of this class");

        AtomicFolder.sweep(folder);

        assertOnly("kept", "lost.name", ".mine.part");
        assertThat(folder.resolve("kept/a")).hasContent("new");
        assertThat(folder.resolve("lost.name/a")).hasContent("2");
    }

    @Test
    void removesAFolderOfFiles() throws IOException {
        AtomicFolder.write(folder.resolve("out"), NAMES, files("a", "1", "b", "2"));
        AtomicFolder.remove(folder.resolve("out"));
        AtomicFolder.remove(folder.resolve("never there"));
        assertOnly();
    }
}
