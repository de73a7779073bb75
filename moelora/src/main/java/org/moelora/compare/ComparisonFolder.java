package org.moelora.compare;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.moelora.data.Prompt;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.io.AtomicFile;
import org.moelora.io.Checksums;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.model.Decoder;

/** Where a comparison keeps what it has found so far: {@code comparison.json}, which says of what, and a file for every training in {@code trials/}. */
final class ComparisonFolder {
    private static final String COMPARISON = "comparison.json";
    private static final String TRIALS = "trials";

    private final Path folder;
    private final String key;
    private double seconds;
    private @Nullable LocalDate date;

    /**
     * @throws InputException if the folder holds another comparison, or anything else
     */
    ComparisonFolder(Path folder, String key) {
        this.folder = folder;
        this.key = key;
        Path file = folder.resolve(COMPARISON);
        if (Files.exists(file)) {
            if (!Json.read(file).string("key").equals(key)) {
                throw new InputException(
                        folder + ": holds a comparison of other arms, rows or settings; expected the same"
                                + " ones, to go on with it, or a new folder");
            }
            return;
        }
        if (Files.exists(folder)) {
            try (Stream<Path> entries = Files.list(folder)) {
                if (entries.findAny().isPresent()) {
                    throw new InputException(folder + ": holds other files; expected a new folder");
                }
            } catch (IOException e) {
                throw InputException.unreadable(folder, "a folder", e);
            }
        }
    }

    /** What tells one comparison from another: everything that its result depends on. */
    static String key(
            Decoder base,
            List<Arm> arms,
            List<TokenRow> rows,
            List<TokenRow> heldOut,
            List<Prompt> questions,
            Comparison.Settings settings) {
        MessageDigest digest = Checksums.sha256();
        digest.update(base.fingerprint().toString().getBytes(StandardCharsets.UTF_8));
        digest.update((arms + " " + settings).getBytes(StandardCharsets.UTF_8));
        for (List<TokenRow> part : List.of(rows, heldOut)) {
            add(digest, new int[] {part.size()});
            for (TokenRow row : part) {
                add(digest, row.inputIds());
                add(digest, row.labels());
                digest.update(String.valueOf(row.task()).getBytes(StandardCharsets.UTF_8));
            }
        }
        for (Prompt question : questions) {
            add(digest, question.ids());
            add(digest, question.answerIds());
            digest.update((question.answer() + " " + question.origin().task()).getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void add(MessageDigest digest, int[] values) {
        ByteBuffer bytes =
                ByteBuffer.allocate((1 + values.length) * Integer.BYTES).putInt(values.length);
        bytes.asIntBuffer().put(values);
        digest.update(bytes.array());
    }

    /** What chat templates took for today, to be kept; null if none wrote any of the rows. */
    void keep(@Nullable LocalDate day) {
        date = day;
    }

    /** What {@link #keep} was given when the folder's comparison began; null if there is none. */
    static @Nullable LocalDate date(Path folder) {
        Path file = folder.resolve(COMPARISON);
        JsonObject json = Files.exists(file) ? Json.read(file) : null;
        String date = json == null ? null : json.stringOrNull("date");
        try {
            return date == null ? null : LocalDate.parse(date);
        } catch (DateTimeParseException e) {
            throw new InputException(
                    file + ": field \"date\" is \"" + date + "\"; expected a day such as 2026-03-31", e);
        }
    }

    /** Steps of a full training: those decided on at the beginning. */
    long steps(LongSupplier plan) {
        Path file = folder.resolve(COMPARISON);
        if (Files.exists(file)) {
            return Json.read(file).longInteger("steps");
        }
        long steps = plan.getAsLong();
        try {
            Files.createDirectories(folder.resolve(TRIALS));
        } catch (IOException e) {
            throw InputException.unwritable(folder, e);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("key", key);
        json.put("steps", steps);
        if (date != null) {
            json.put("date", date.toString());
        }
        AtomicFile.write(file, JsonWriter.pretty(json));
        return steps;
    }

    private Path file(String trial) {
        String name = trial.replaceAll("[^A-Za-z0-9._-]", "_");
        // Two tasks may differ only in characters that a file's name cannot have.
        String own = name.equals(trial) ? name : name + "-" + Integer.toHexString(trial.hashCode());
        return folder.resolve(TRIALS).resolve(own + ".json");
    }

    /** A training that was done before; null if it was not. */
    @Nullable Trial read(String trial) {
        Path file = file(trial);
        if (!Files.exists(file)) {
            return null;
        }
        Trial known = Trial.read(Json.read(file));
        seconds += known.seconds();
        return known;
    }

    void write(String trial, Trial result) {
        Map<String, Object> json = result.toJson();
        json.put("trial", trial);
        AtomicFile.write(file(trial), JsonWriter.pretty(json));
        seconds += result.seconds();
    }

    /** What the trainings so far took. */
    double seconds() {
        return seconds;
    }
}
