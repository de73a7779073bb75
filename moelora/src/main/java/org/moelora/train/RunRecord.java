package org.moelora.train;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.Fingerprint;
import org.moelora.data.Examples;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.io.AtomicFile;
import org.moelora.io.Checksums;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.model.Decoder;
import org.moelora.model.LanguageModel;
import org.moelora.settings.Values;

/**
 * {@code run.json}: what a run was made with, written once before its first step. A folder that has it holds a run.
 *
 * @param id of this run alone; empty in runs of versions that wrote none
 * @param maker the version that began it, and the device that it computes on, as it describes itself
 * @param base fingerprint of the base
 * @param date what a chat template took for today; null if none wrote rows
 * @param data files that the rows come from, with their checksums
 * @param trainRows SHA-256 of the rows of tokens to train on
 * @param heldOutRows the same of those to evaluate on
 */
record RunRecord(
        String id,
        TrainingConfig training,
        long steps,
        String maker,
        Fingerprint base,
        @Nullable LocalDate date,
        List<DataFile> data,
        String trainRows,
        String heldOutRows) {
    static final String FILE = "run.json";
    private static final int FORMAT = 1;
    private static final String DATE = "date";
    private static final System.Logger LOG = System.getLogger(RunRecord.class.getName());

    /** A data file. */
    record DataFile(String file, String sha256) {}

    /** What a run is about to be made with. */
    record Inputs(
            LanguageModel model,
            Adapter adapter,
            TrainingConfig training,
            List<TokenRow> rows,
            List<TokenRow> heldOut,
            List<Examples.Source> sources,
            @Nullable LocalDate date) {}

    static void write(Path folder, String id, Inputs inputs) {
        Decoder base = inputs.model.decoder();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("run", id);
        json.put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        json.put("versions", Machine.versions());
        json.put("machine", Machine.describe(base.device()));
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("folder", base.source().toAbsolutePath().normalize().toString());
        model.put("architecture", base.fingerprint().architecture());
        model.put("shapes", base.fingerprint().shapes());
        model.put("weights", base.fingerprint().weights());
        json.put("base", model);
        json.put("adapter", ConfigJson.of(inputs.adapter.config()));
        json.put("parameters", inputs.adapter.parameterCount());
        json.put("seed", inputs.training.seed());
        json.put("training", TrainingConfig.SETTINGS.write(inputs.training));
        json.put("steps", inputs.training.totalSteps(inputs.rows.size()));
        if (inputs.date != null) {
            json.put(DATE, inputs.date.toString());
        }
        List<Map<String, Object>> files = new ArrayList<>();
        for (Examples.Source source : inputs.sources) {
            Map<String, Object> file = new LinkedHashMap<>();
            file.put("file", source.file().toAbsolutePath().normalize().toString());
            file.put("rows", source.rows());
            file.put("sha256", Checksums.of(source.file()));
            files.add(file);
        }
        json.put("data", files);
        json.put("train_rows", rows(inputs.rows));
        json.put("held_out_rows", rows(inputs.heldOut));
        AtomicFile.write(folder.resolve(FILE), JsonWriter.pretty(json));
    }

    private static Map<String, Object> rows(List<TokenRow> rows) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rows", rows.size());
        json.put("tokens", rows.stream().mapToLong(TokenRow::length).sum());
        json.put("sha256", hash(rows));
        return json;
    }

    private static String hash(List<TokenRow> rows) {
        MessageDigest digest = Checksums.sha256();
        for (TokenRow row : rows) {
            ByteBuffer bytes = ByteBuffer.allocate((2 + 2 * row.length()) * Integer.BYTES);
            bytes.putInt(row.row()).putInt(row.length());
            bytes.asIntBuffer().put(row.inputIds()).put(row.labels());
            digest.update(bytes.array());
            String task = row.task();
            digest.update((task == null ? "" : task).getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /**
     * @throws InputException if the folder holds no run, or one that cannot be read
     */
    static RunRecord read(Path folder) {
        JsonObject json = json(folder);
        JsonObject base = json.object("base");
        List<DataFile> data = new ArrayList<>();
        for (JsonObject file : json.array("data").objects()) {
            data.add(new DataFile(file.string("file"), file.string("sha256")));
        }
        return new RunRecord(
                id(json),
                TrainingConfig.SETTINGS.make(Values.of(json.object("training"))),
                json.longInteger("steps"),
                maker(
                        json.object("versions").string("moelora"),
                        json.object("machine").string("device")),
                new Fingerprint(base.string("architecture"), base.string("shapes"), base.string("weights")),
                date(json),
                data,
                json.object("train_rows").string("sha256"),
                json.object("held_out_rows").string("sha256"));
    }

    private static @Nullable LocalDate date(JsonObject json) {
        String date = json.stringOrNull(DATE);
        try {
            return date == null ? null : LocalDate.parse(date);
        } catch (DateTimeParseException e) {
            throw new InputException(
                    String.valueOf(json.error(DATE, "a day such as 2026-03-31").getMessage()), e);
        }
    }

    static String id(JsonObject json) {
        return json.string("run", "");
    }

    /**
     * @throws InputException if the folder holds no run, or one that cannot be read
     */
    static JsonObject json(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            throw new InputException(folder + ": holds no run that could go on; expected a folder with " + FILE);
        }
        JsonObject json = Json.read(file);
        if (json.integer("format") != FORMAT) {
            throw json.error("format", FORMAT + ", which this version writes");
        }
        return json;
    }

    /**
     * Refuses to go on with other inputs than the run began with.
     *
     * @param given the configuration that was asked for, null if none was
     * @throws InputException naming what differs
     */
    void check(Path folder, @Nullable TrainingConfig given, Inputs inputs) {
        if (given != null) {
            TrainingConfig.SETTINGS.difference(given, training).ifPresent(difference -> {
                throw new InputException(
                        difference + " in " + folder + "; a run keeps its settings: leave it out, or give the same");
            });
        }
        Decoder decoder = inputs.model.decoder();
        base.difference(decoder.fingerprint()).ifPresent(difference -> {
            throw new InputException(
                    folder + ": the run has another base: expected " + difference + " in " + decoder.source());
        });
        checkFiles(folder, inputs.sources);
        if (!hash(inputs.rows).equals(trainRows)) {
            throw new InputException(folder + ": the rows to train on are not those that the run began with; resume"
                    + " with the same files, --max-length, tokenizer and order");
        }
        if (!hash(inputs.heldOut).equals(heldOutRows)) {
            throw new InputException(folder + ": the rows to evaluate on are not those that the run began with; resume"
                    + " with the same files, --max-length, tokenizer and order");
        }
        String here = maker(Machine.version(), decoder.device().description());
        if (!here.equals(maker)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} was begun by {1} and goes on with {2}: the adapter may differ in its last bits from what it would have been",
                    folder,
                    maker,
                    here);
        }
    }

    /** What bits may depend on: not the number of threads. */
    private static String maker(String version, String device) {
        return "version " + version + " on " + device.replaceFirst(", \\d+ threads?", "");
    }

    private void checkFiles(Path folder, List<Examples.Source> sources) {
        if (sources.isEmpty()) {
            return; // rows that a program made; their own checksum is looked at
        }
        Map<String, String> known = new TreeMap<>();
        data.forEach(file -> known.put(file.sha256, file.file));
        for (Examples.Source source : sources) {
            String hash = Checksums.of(source.file());
            if (!known.containsKey(hash)) {
                throw new InputException(source.file() + ": has changed since the run in " + folder + " began (SHA-256 "
                        + hash.substring(0, 12) + "); put back the file as it was, " + known.values()
                        + ", or begin a new run");
            }
        }
    }
}
