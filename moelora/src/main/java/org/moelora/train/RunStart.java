package org.moelora.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.AtomicFile;
import org.moelora.io.Checksums;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;

/**
 * The mark of a run's start, in the hidden file {@value #FILE}: the first file that a start writes, and gone when there is a {@code run.json}. Where it is left, a start
 * was cut short, and what that start made can be told from what others put there: its first checkpoint names the same run, and its {@code run.yaml} has the
 * bytes that the mark says.
 *
 * @param run a random id of this run alone
 * @param yaml SHA-256 of the {@code run.yaml} that the start writes; empty if it writes none
 */
record RunStart(String run, String yaml) {
    static final String FILE = ".moelora-start";

    /** Marks a folder. */
    static RunStart write(Path folder, @Nullable String yaml) {
        RunStart start = new RunStart(UUID.randomUUID().toString(), yaml == null ? "" : Checksums.ofText(yaml));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("run", start.run);
        json.put(RunFolder.YAML, start.yaml);
        AtomicFile.write(folder.resolve(FILE), JsonWriter.pretty(json));
        return start;
    }

    /** The mark in a folder; empty if there is none, or a file that is no such mark. */
    static Optional<RunStart> read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try {
            JsonObject json = Json.read(file);
            UUID run = UUID.fromString(json.string("run"));
            return Optional.of(new RunStart(run.toString(), json.string(RunFolder.YAML)));
        } catch (InputException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Whether this start wrote an entry of the folder that holds the run. */
    boolean made(Path entry) {
        return switch (entry.getFileName().toString()) {
            case FILE -> true;
            case RunFolder.YAML ->
                Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS)
                        && Checksums.of(entry).equals(yaml);
            case RunFolder.CHECKPOINTS -> Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS) && madeAllIn(entry);
            default -> false;
        };
    }

    private boolean madeAllIn(Path checkpoints) {
        return RunCheckpoint.all(checkpoints).stream()
                .allMatch(checkpoint -> checkpoint.step() == 0 && checkpoint.isOf(run));
    }

    /** Removes what this start made; nothing else. */
    void clear(Path folder) {
        Path checkpoints = folder.resolve(RunFolder.CHECKPOINTS);
        try {
            if (Files.isDirectory(checkpoints, LinkOption.NOFOLLOW_LINKS)) {
                RunCheckpoint.sweep(checkpoints);
                RunCheckpoint first = RunCheckpoint.of(checkpoints, 0);
                if (first.isOf(run)) {
                    first.remove();
                }
                RunFolder.deleteIfEmpty(checkpoints);
            }
            Path settings = folder.resolve(RunFolder.YAML);
            if (made(settings)) {
                Files.delete(settings);
            }
            Files.deleteIfExists(folder.resolve(FILE));
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        }
    }
}
