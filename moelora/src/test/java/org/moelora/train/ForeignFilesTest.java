package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;

/** Files of other people in and beside a run's: none is lost, none is in the way of a run that could go on without it. */
class ForeignFilesTest {
    private static final long STEPS = 4;

    @TempDir
    private Path temp;

    private final Runs runs = new Runs(2, Runs.config(STEPS).build(), new CheckpointPolicy(1, 0, 2));

    @AfterEach
    void close() {
        runs.close();
    }

    /** From the first change on whose description begins so, nothing happens any more. */
    private static final class CrashAtChange implements FragileDisk.Fault {
        private final String beginning;
        private boolean crashed;

        CrashAtChange(String beginning) {
            this.beginning = beginning;
        }

        @Override
        public int before(String change, int bytes) {
            crashed |= change.startsWith(beginning);
            if (crashed) {
                throw new FragileDisk.Crash();
            }
            return bytes;
        }
    }

    private TrainingReport beginAndStop(Path run, long step) {
        Cancellation stop = new Cancellation();
        return runs.train(5, tuner -> tuner.config(runs.config()).into(run).stopOn(stop), new TrainingListener() {
            @Override
            public void step(Step numbers) {
                if (numbers.step() == step) {
                    stop.cancel();
                }
            }
        });
    }

    /** Every entry below a folder, with the text of files. */
    private static Map<String, String> everything(Path folder) {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> entries = Files.walk(folder)) {
            for (Path entry : entries.toList()) {
                all.put(
                        folder.relativize(entry).toString(),
                        Files.isRegularFile(entry) ? Files.readString(entry, StandardCharsets.ISO_8859_1) : "");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    private static Path write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private static InputException refused(Runnable begin) {
        try {
            begin.run();
        } catch (InputException e) {
            return e;
        }
        throw new AssertionError("was not refused");
    }

    @Test
    void aFolderWithNamesOfARunsThatHasNoMarkOfAStartIsRefusedAsItIs() throws IOException {
        for (String name : List.of("checkpoints/a", "best/a", "last/a", "run.yaml", "metrics.jsonl", "skipped.jsonl")) {
            for (String lock : List.of("", "of another program")) {
                Path out = temp.resolve(name.replace('/', '-') + lock.length());
                write(out.resolve("lock"), lock);
                write(out.resolve(name), "years of work");
                Map<String, String> before = everything(out);
                assertThat(refused(() -> runs.begin(out)))
                        .hasMessageStartingWith(out + ": holds another run's " + name.replaceFirst("/.*", ""))
                        .hasMessageEndingWith("; choose another folder, or move it away");
                assertThat(everything(out)).isEqualTo(before);
            }
        }
        Path locked = temp.resolve("locked");
        write(locked.resolve("lock"), "pid 1");
        assertThat(refused(() -> runs.begin(locked)))
                .hasMessageContaining("holds \"lock\", which is not the lock of a run");
        Path marked = temp.resolve("marked");
        write(marked.resolve(".moelora-start"), "{}");
        assertThat(refused(() -> runs.begin(marked))).hasMessageContaining("holds another run's .moelora-start");
        Path linked = Files.createDirectory(temp.resolve("linked"));
        Files.createSymbolicLink(linked.resolve("last"), temp.resolve("nowhere"));
        assertThat(refused(() -> runs.begin(linked))).hasMessageContaining("holds another run's last");
    }

    @Test
    void aStartThatCameToNothingTakesItsOwnAwayAndNothingElse() throws IOException {
        Path out = temp.resolve("out");
        write(out.resolve("notes"), "mine");
        Map<String, String> before = everything(out);
        assertThatThrownBy(() -> runs.begin(new FragileDisk(new FragileDisk.Full(1000)).path(out)))
                .isInstanceOf(InputException.class);
        assertThat(everything(out)).isEqualTo(before);

        // Cut short where the first checkpoint and nothing more is there.
        assertThatThrownBy(() -> runs.begin(new FragileDisk(new CrashAtChange("move to run.json")).path(out)))
                .isInstanceOf(FragileDisk.Crash.class);
        Path first = out.resolve("checkpoints/step-00000000");
        assertThat(first.resolve("state.json")).exists();
        write(out.resolve("run.yaml"), "model: mine");
        before = everything(out);
        assertThat(refused(() -> runs.begin(out))).hasMessageContaining("holds another run's run.yaml");
        assertThat(everything(out)).isEqualTo(before);
        Files.delete(out.resolve("run.yaml"));
        Path other = out.resolve("checkpoints/step-00000003");
        Files.createDirectories(other);
        assertThat(refused(() -> runs.begin(out))).hasMessageContaining("holds another run's checkpoints");
        Files.delete(other);
        write(first.resolve(".DS_Store"), "finder");
        write(out.resolve("checkpoints/Thumbs.db"), "explorer");
        assertThat(runs.begin(out).finished()).isTrue();
        assertThat(everything(out))
                .containsEntry("notes", "mine")
                .containsEntry("checkpoints/step-00000000/.DS_Store", "finder")
                .containsEntry("checkpoints/Thumbs.db", "explorer")
                .doesNotContainKey(".moelora-start");
    }

    @Test
    void filesOfOthersAnywhereInARunStayWhileItGoesOn() throws IOException {
        runs.begin(temp.resolve("whole"));
        Map<String, Object> whole = Runs.content(temp.resolve("whole"));
        Path run = temp.resolve("run");
        beginAndStop(run, 2);
        Set<String> foreign = new TreeSet<>(List.of(
                ".DS_Store",
                "notes/todo",
                "checkpoints/Thumbs.db",
                "checkpoints/step-1",
                "checkpoints/step-00000001/.DS_Store",
                "checkpoints/step-00000001/old/state.json",
                "checkpoints/step-00000002/.DS_Store",
                "checkpoints/step-00000002/state.json~",
                "checkpoints/step-00000004/.DS_Store",
                "best/.DS_Store",
                "best/README.md",
                "last/.DS_Store",
                "last/sub/adapter_config.json"));
        for (String name : foreign) {
            write(run.resolve(name), "mine");
        }
        assertThat(RunSummary.read(run).newest())
                .extracting(RunSummary.Saved::step)
                .isEqualTo(2L);
        assertThat(runs.resume(run).finished()).isTrue();
        assertThat(runs.resume(run).finished()).isTrue();
        Map<String, Object> content = Runs.content(run);
        for (String name : foreign) {
            assertThat(run.resolve(name)).hasContent("mine");
            content.remove(name);
        }
        assertThat(content).isEqualTo(whole);
    }

    @Test
    void whatTheRunCouldNotReplaceIsRefusedBeforeItsFirstStep() throws IOException {
        Path run = temp.resolve("run");
        beginAndStop(run, 2);
        List<String> inTheWay = List.of(
                "last", // a file
                "last/adapter_config.json/x",
                "checkpoints/step-00000004",
                "checkpoints/step-00000003/optimizer.safetensors/x",
                "skipped.jsonl/x");
        for (String name : inTheWay) {
            Path file = write(run.resolve(name), "mine");
            Map<String, String> before = everything(run);
            assertThat(refused(() -> runs.resume(run))).hasMessageContaining(name.replaceFirst("/x$", ""));
            assertThat(everything(run)).isEqualTo(before);
            for (Path p = file; !p.equals(run) && !p.endsWith("checkpoints"); p = p.getParent()) {
                Files.delete(p);
            }
        }
        Path other = Files.createDirectory(temp.resolve("other"));
        Files.createSymbolicLink(run.resolve("last"), other);
        assertThat(refused(() -> runs.resume(run))).hasMessageContaining("last: a link stands where");
        Files.delete(run.resolve("last"));
        assertThat(runs.resume(run).finished()).isTrue();
    }

    @Test
    void anotherRunsCheckpointIsNeitherUsedNorRemoved() throws IOException {
        Path run = temp.resolve("run");
        Path other = temp.resolve("other");
        beginAndStop(run, 2);
        runs.begin(other);
        Path copy = run.resolve("checkpoints/step-00000009");
        Files.move(other.resolve("checkpoints/step-00000004"), copy);
        Map<String, String> before = everything(copy);
        assertThat(RunSummary.read(run).newest())
                .extracting(RunSummary.Saved::step)
                .isEqualTo(2L);
        assertThat(runs.resume(run).finished()).isTrue();
        assertThat(everything(copy)).isEqualTo(before);
        Path again = temp.resolve("again");
        beginAndStop(again, 2);
        Files.move(copy, again.resolve("checkpoints/step-00000003"));
        assertThat(refused(() -> runs.resume(again)))
                .hasMessageEndingWith(
                        "step-00000003: is another run's checkpoint; expected nothing where the run puts" + " its own");
    }

    @Test
    void aCrashWhileFilesOfOthersMoveAlongLosesNone() throws IOException {
        Path stopped = temp.resolve("stopped");
        beginAndStop(stopped, 3);
        List<String> foreign = List.of("best/a", "best/d/e", "last/b", "checkpoints/step-00000004/c");
        for (String moment : List.of(
                "move to best",
                "move to .best",
                "move to a",
                "move to d",
                "move to last",
                "move to b",
                "delete adapter_config.json")) {
            Path run = temp.resolve("run-" + moment.replace(' ', '-'));
            copy(stopped, run);
            for (String name : foreign) {
                write(run.resolve(name), "mine");
            }
            try {
                runs.resume(new FragileDisk(new CrashAtChange(moment)).path(run));
            } catch (FragileDisk.Crash e) {
                assertThat(e).isNotNull();
            }
            assertThat(runs.resume(run).finished()).isTrue();
            for (String name : foreign) {
                assertThat(run.resolve(name)).as(moment).hasContent("mine");
            }
            assertThat(everything(run).keySet()).as(moment).noneMatch(name -> name.matches(".*\\.(part|old)(/.*)?"));
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Files.copy(path, to.resolve(from.relativize(path).toString()), LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    @Test
    void aFileSystemWithoutLocksAndADiskWithoutRoomAreNamedBeforeTheFirstStep() {
        FragileDisk.Fault noLocks = new FragileDisk.Fault() {
            @Override
            public int before(String change, int bytes) {
                return bytes;
            }

            @Override
            public void lock() throws IOException {
                throw new IOException("No locks available");
            }
        };
        Path out = temp.resolve("out");
        assertThat(refused(() -> runs.begin(new FragileDisk(noLocks).path(out))))
                .hasMessage(out + "/lock: cannot be locked (No locks available), so that nothing would keep a second"
                        + " training out; expected a run's folder on a file system with locks, such as a local disk");
        assertThat(refused(() -> runs.begin(new FragileDisk(new FragileDisk.Small(100_000)).path(out))))
                .hasMessageMatching(".*out: the run is to write [0-9.]+ MB \\(checkpoints [0-9.]+, adapters [0-9.]+\\),"
                        + " and 0.1 MB are free; make room, or train an adapter of fewer parameters");
        assertThat(temp).isEmptyDirectory();
        assertThat(RunRoom.of(3, 9, true, 1L << 40)).isEqualTo(new RunRoom(12L << 40, 8L << 40));
    }
}
