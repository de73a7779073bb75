package org.moelora.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;

class FolderFileTest {
    @TempDir
    private Path temp;

    private Path folder;

    @BeforeEach
    void make() throws IOException {
        folder = Files.createDirectories(temp.resolve("model"));
        Files.writeString(temp.resolve("secret"), "outside");
    }

    private void link(Path link, String to) throws IOException {
        try {
            Files.createSymbolicLink(link, Path.of(to));
        } catch (UnsupportedOperationException e) {
            assumeTrue(false, "no symbolic links here");
        }
    }

    private void refused(Path in, String name, String why) {
        assertThatThrownBy(() -> FolderFile.of(in, name))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(why)
                .hasMessageContaining("expected");
    }

    @Test
    void aFileAndAMissingFileAreWhereTheyAre() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{}");
        assertThat(FolderFile.of(folder, "config.json")).isEqualTo(folder.resolve("config.json"));
        assertThat(FolderFile.of(folder, "tokenizer.json")).isEqualTo(folder.resolve("tokenizer.json"));
        assertThat(FolderFile.of(temp.resolve("nowhere"), "x")).doesNotExist();
    }

    @Test
    void aLinkInsideTheFolderIsFollowed() throws IOException {
        Files.createDirectories(folder.resolve("parts"));
        Files.writeString(folder.resolve("parts/one"), "inside");
        link(folder.resolve("config.json"), "parts/one");
        assertThat(FolderFile.of(folder, "config.json")).hasContent("inside");
    }

    @Test
    void theFolderItselfMayBeALink() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{}");
        link(temp.resolve("latest"), "model");
        assertThat(FolderFile.of(temp.resolve("latest"), "config.json")).hasContent("{}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../secret", "./.././secret"})
    void aLinkOutOfTheFolderIsRefused(String to) throws IOException {
        link(folder.resolve("config.json"), to);
        refused(folder, "config.json", temp.toRealPath().resolve("secret").toString());
        link(folder.resolve("again"), "config.json");
        refused(folder, "again", "a link that leads to");
        link(folder.resolve("absolute"), temp.resolve("secret").toString());
        refused(folder, "absolute", "a link that leads to");
    }

    @Test
    void aFolderOfALikeNameIsAnotherFolder() throws IOException {
        Files.createDirectories(temp.resolve("model-2"));
        Files.writeString(temp.resolve("model-2/x"), "outside");
        link(folder.resolve("x"), "../model-2/x");
        refused(folder, "x", "a link that leads to");
    }

    @Test
    void aSnapshotOfTheHubMayLinkToTheBlobsOfItsModelOnly() throws IOException {
        Path hub = temp.resolve("hub");
        for (String repository : new String[] {"models--a--b", "models--other--c"}) {
            Files.createDirectories(hub.resolve(repository).resolve("blobs"));
            Files.writeString(hub.resolve(repository).resolve("blobs/0123abcd"), repository);
        }
        Path snapshot = Files.createDirectories(hub.resolve("models--a--b/snapshots/f00d"));
        link(snapshot.resolve("config.json"), "../../blobs/0123abcd");
        assertThat(FolderFile.of(snapshot, "config.json")).hasContent("models--a--b");
        link(snapshot.resolve("other.json"), "../../../models--other--c/blobs/0123abcd");
        refused(snapshot, "other.json", "a link that leads to");
        Files.writeString(hub.resolve("models--a--b/token"), "outside");
        link(snapshot.resolve("token.json"), "../../token");
        refused(snapshot, "token.json", "a link that leads to");
        Path fake = Files.createDirectories(temp.resolve("somewhere/snapshots/f00d"));
        Files.createDirectories(temp.resolve("somewhere/blobs"));
        Files.writeString(temp.resolve("somewhere/blobs/x"), "outside");
        link(fake.resolve("config.json"), "../../blobs/x");
        refused(fake, "config.json", "a link that leads to");
    }

    @Test
    void whatIsNoFileIsRefused() throws IOException, InterruptedException {
        Files.createDirectories(folder.resolve("config.json"));
        refused(folder, "config.json", "this is a folder");
        Path pipe = folder.resolve("pipe");
        try {
            new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
        } catch (IOException e) {
            assumeTrue(false, "no pipes here");
        }
        assumeTrue(Files.exists(pipe), "no pipes here");
        refused(folder, "pipe", "neither a file nor a folder"); // reading it would wait for ever
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "../x", "a/b", "a\\b", "C:x", "/etc/passwd", "a\0b", "a\nb", "*"})
    void whatIsNoNameOfAnEntry(String name) {
        assertThat(FolderFile.isName(name)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"model-00001-of-00002.safetensors", "..x", "a b", ".hidden"})
    void whatIsOne(String name) {
        assertThat(FolderFile.isName(name)).isTrue();
    }
}
