package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.engine.InputException;

class AtomicFolderTest {
    private static final Set<String> NAMES = Set.of("a", "b");

    /** What a program that writes such folders and a file may have left. */
    private static @Nullable Set<String> known(String name) {
        return switch (name) {
            case "kept", "half", "lost.name" -> NAMES;
            case "file.json" -> Set.of();
            default -> null;
        };
    }

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

        String foreign = "." + UUID.randomUUID();
        Files.createDirectories(folder.resolve(foreign + ".part/deep"));
        Path unknown = Files.createDirectory(folder.resolve(".other." + id + ".part"));

        AtomicFolder.sweep(folder, AtomicFolderTest::known);

        assertOnly(
                "kept",
                "lost.name",
                ".mine.part",
                foreign + ".part",
                unknown.getFileName().toString());
        assertThat(folder.resolve("kept/a")).hasContent("new");
        assertThat(folder.resolve("lost.name/a")).hasContent("2");
    }

    @Test
    void sweepingNeverDeletesWhatOthersLeftInAnOlderOrHalfWrittenVersion() throws IOException {
        String id = UUID.randomUUID().toString();
        AtomicFolder.write(folder.resolve("kept"), NAMES, files("a", "new"));
        Path old = Files.createDirectory(folder.resolve(".kept." + id + ".old"));
        Files.writeString(old.resolve("a"), "older");
        Files.writeString(old.resolve("notes"), "mine");
        Files.writeString(Files.createDirectories(old.resolve("b/deep")).resolve("thesis"), "mine too");
        Path half = Files.createDirectory(folder.resolve(".half." + id + ".part"));
        Files.writeString(half.resolve("a"), "1");
        Files.writeString(half.resolve(".b." + id + ".part"), "half a file");
        Files.writeString(half.resolve(".DS_Store"), "finder");

        AtomicFolder.sweep(folder, AtomicFolderTest::known);

        assertThat(folder.resolve("kept/a")).hasContent("new");
        assertThat(folder.resolve("kept/notes")).hasContent("mine");
        assertThat(folder.resolve("kept/b/deep/thesis")).hasContent("mine too");
        assertThat(half).isDirectoryContaining(file -> file.endsWith(".DS_Store"));
        assertThat(half.resolve("a")).doesNotExist();
        assertOnly("kept", half.getFileName().toString());
    }

    @Test
    void replacingKeepsWhatIsNotOfItsNames() throws IOException {
        Path out = folder.resolve("out");
        AtomicFolder.replace(out, NAMES, files("a", "1", "b", "2"));
        Path elsewhere = Files.writeString(folder.resolve("elsewhere"), "far");
        Files.writeString(out.resolve(".DS_Store"), "finder");
        Files.writeString(Files.createDirectory(out.resolve("mine")).resolve("a"), "deep");
        Files.createSymbolicLink(out.resolve("link"), elsewhere);

        AtomicFolder.replace(out, NAMES, files("a", "3"));

        assertThat(out.resolve("a")).hasContent("3");
        assertThat(out.resolve("b")).doesNotExist();
        assertThat(out.resolve(".DS_Store")).hasContent("finder");
        assertThat(out.resolve("mine/a")).hasContent("deep");
        assertThat(out.resolve("link")).isSymbolicLink().hasContent("far");
        assertOnly("out", "elsewhere");

        AtomicFolder.remove(out, NAMES);

        assertThat(out.resolve("a")).doesNotExist();
        assertThat(out.resolve("mine/a")).hasContent("deep");
        assertThat(elsewhere).hasContent("far");
        assertOnly("out", "elsewhere");
    }

    @Test
    void aNameThatIsNoFileIsRefusedBeforeAnythingIsWritten() throws IOException {
        Path out = Files.createDirectory(folder.resolve("out"));
        Path taken = Files.createDirectory(out.resolve("a"));
        assertThatThrownBy(() -> AtomicFolder.replace(out, NAMES, files("a", "1")))
                .isInstanceOf(InputException.class)
                .hasMessage(taken + ": this is a folder; expected a file that may be replaced, or no file there");
        Files.delete(taken);
        Files.createSymbolicLink(taken, folder.resolve("nowhere"));
        assertThatThrownBy(() -> AtomicFolder.checkNames(out, NAMES)).hasMessageContaining("this is a link");
        assertThatThrownBy(() -> AtomicFolder.checkReplaceable(out, NAMES)).hasMessageContaining("\"a\"");
        Path nowhere = Files.createSymbolicLink(folder.resolve("lost"), folder.resolve("nowhere"));
        assertThatThrownBy(() -> AtomicFolder.write(nowhere, NAMES, files("a", "1")))
                .hasMessage(nowhere + ": this is a link that leads nowhere; expected a folder to write");
        assertOnly("out", "lost");
    }

    @Test
    void removesAFolderOfFiles() throws IOException {
        AtomicFolder.write(folder.resolve("out"), NAMES, files("a", "1", "b", "2"));
        AtomicFolder.remove(folder.resolve("out"), NAMES);
        AtomicFolder.remove(folder.resolve("never there"), NAMES);
        assertOnly();
    }
}
