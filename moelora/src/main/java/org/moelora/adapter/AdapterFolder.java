package org.moelora.adapter;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.Pieces;
import org.moelora.engine.Shape;
import org.moelora.io.AtomicFile;
import org.moelora.io.AtomicFolder;
import org.moelora.io.FolderFile;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.io.StoredType;
import org.moelora.settings.Setting;

/**
 * An adapter on disk: {@code adapter_config.json}, whose fields are PEFT's, and those of a mixture beside them, and {@code adapter_model.safetensors}, of
 * which {@link AdapterTensors} tells. What is known of the base is in the metadata of the tensors: a reader of PEFT's need not know a field of ours.
 */
final class AdapterFolder {
    static final String CONFIG = "adapter_config.json";
    static final String TENSORS = "adapter_model.safetensors";
    private static final String FINGERPRINT = "base_fingerprint";
    private static final String PICKLE = "adapter_model.bin";

    private static final System.Logger LOG = System.getLogger(AdapterFolder.class.getName());

    private AdapterFolder() {}

    static void write(Adapter adapter, Path folder, @Nullable LossSettings losses) {
        AtomicFolder.write(folder, Adapter.FILES, part -> writeInto(adapter, part, losses));
    }

    static void writeInto(Adapter adapter, Path folder, @Nullable LossSettings losses) {
        SafetensorsWriter tensors = new SafetensorsWriter()
                .metadata("format", "pt")
                .metadata(FINGERPRINT, JsonWriter.line(adapter.base().toJson()));
        String prefix = "";
        for (Adapter each = adapter; each != null; each = each.older()) {
            add(tensors, prefix, each);
            prefix += AdapterTensors.OLDER;
        }
        tensors.write(folder.resolve(TENSORS));
        AtomicFile.write(folder.resolve(CONFIG), JsonWriter.pretty(AdapterJson.of(adapter, losses)));
    }

    private static void add(SafetensorsWriter tensors, String prefix, Adapter adapter) {
        Whole whole = new Whole();
        for (AdapterLayer layer : adapter.layers().values()) {
            for (AdapterTensors.Slice slice :
                    AdapterTensors.slices(adapter.config(), adapter.routers(), layer.site())) {
                Parameter parameter = adapter.tensor(slice.parameter());
                int rows = Math.max(1, Math.min(slice.rows(), Pieces.MOST / slice.cols()));
                tensors.values(
                        prefix + slice.key(), StoredType.F32, slice.shape(), rows * slice.cols(), (from, piece) -> {
                            if (slice.isRange(parameter.shape())) {
                                parameter.read(slice.at(0, parameter.shape()) + from, piece);
                                return;
                            }
                            float[] all = whole.of(parameter);
                            int first = Math.toIntExact(from / slice.cols());
                            for (int i = 0; i < piece.length / slice.cols(); i++) {
                                int at = slice.at(first + i, parameter.shape());
                                System.arraycopy(all, at, piece, i * slice.cols(), slice.cols());
                            }
                        });
            }
        }
        KnownPrompts prompts = adapter.prompts();
        if (prompts != null) {
            int hidden = prompts.centres()[0].length;
            float[] centres = new float[prompts.centres().length * hidden];
            for (int k = 0; k < prompts.centres().length; k++) {
                System.arraycopy(prompts.centres()[k], 0, centres, k * hidden, hidden);
            }
            tensors.f32(prefix + AdapterTensors.PROMPTS, new long[] {prompts.centres().length, hidden}, centres);
        }
    }

    /** The values of one parameter at a time, which several tensors in a row are parts of. */
    private static final class Whole {
        private @Nullable Parameter parameter;
        private float[] values = {};

        float[] of(Parameter asked) {
            if (parameter != asked) {
                int size = Math.toIntExact(asked.shape().size());
                values = values.length == size ? values : new float[size];
                asked.read(0, values);
                parameter = asked;
            }
            return values;
        }
    }

    private static JsonObject readJson(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InputException(folder + ": there is no such folder; expected an adapter with " + CONFIG);
        }
        return Json.read(FolderFile.of(folder, CONFIG));
    }

    static AdapterSummary summary(Path folder) {
        JsonObject json = readJson(folder);
        AdapterConfig config = AdapterJson.read(json);
        Map<String, Object> losses = new LinkedHashMap<>();
        for (Setting<LossSettings, ?> setting : LossSettings.SETTINGS.all()) {
            Object value = json.get(setting.field());
            if (value != null) {
                losses.put(setting.field(), value);
            }
        }
        try (SafetensorsFile tensors = openTensors(folder)) {
            long parameters = 0;
            Set<String> linears = new LinkedHashSet<>();
            for (var entry : AdapterTensors.keys(tensors).entrySet()) {
                parameters += !AdapterTensors.trainable(entry.getKey())
                        ? 0
                        : Arrays.stream(tensors.info(entry.getValue()).shape()).reduce(1, Math::multiplyExact);
                if (!entry.getKey().endsWith(AdapterTensors.PROMPTS)) {
                    linears.add(AdapterTensors.linear(entry.getKey()));
                }
            }
            return new AdapterSummary(
                    config,
                    parameters,
                    linears.size(),
                    json.string("base_model_name_or_path", ""),
                    fingerprint(json, tensors),
                    losses,
                    json.has(AdapterJson.OLDER) || json.has(AdapterJson.ORIGINS));
        }
    }

    static Adapter read(Path folder, Adaptable base) {
        JsonObject json = readJson(folder);
        try (SafetensorsFile tensors = openTensors(folder)) {
            checkBase(folder, fingerprint(json, tensors), base);
            return read(json, tensors, AdapterTensors.keys(tensors), base);
        }
    }

    /**
     * One adapter, and those it grew on.
     *
     * @param keys the names of its tensors in the file, by what they would be called if it were alone
     */
    private static Adapter read(JsonObject json, SafetensorsFile tensors, Map<String, String> keys, Adaptable base) {
        AdapterConfig asked = AdapterJson.read(json);
        PeftFields.logUnknown(json);
        AdapterConfig config = onBase(json, asked, base.linears());
        List<LinearSite> sites = config.targeted(base.linears());
        JsonObject older = json.objectOrNull(AdapterJson.OLDER);
        Map<String, String> own = new LinkedHashMap<>();
        Map<String, String> before = new LinkedHashMap<>();
        keys.forEach((key, name) -> {
            if (older != null && key.startsWith(AdapterTensors.OLDER)) {
                before.put(key.substring(AdapterTensors.OLDER.length()), name);
            } else {
                own.put(key, name);
            }
        });
        // Before any memory is asked for: the sizes in a config may be anything, those of the tensors are in the
        // file.
        checkTensors(tensors, own, config, sites);
        Adapter adapter = Adapter.zero(base, config);
        try {
            adapter.comesFrom(origins(json, config));
            for (LinearSite site : sites) {
                readLinear(tensors, own, adapter, site);
            }
            String prompts = own.get(AdapterTensors.PROMPTS);
            if (prompts != null) {
                adapter.knows(readPrompts(tensors, prompts));
            }
            if (older != null) {
                adapter.growsOn(read(older, tensors, before, base));
                Grow.check(adapter);
            }
            return adapter;
        } catch (RuntimeException | Error e) {
            adapter.close();
            throw e;
        }
    }

    private static KnownPrompts readPrompts(SafetensorsFile file, String name) {
        long[] shape = file.info(name).shape();
        if (shape.length != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > KnownPrompts.MOST) {
            throw new InputException(file.file() + ": tensor " + file.info(name) + "; expected the shape [1 to "
                    + KnownPrompts.MOST + ", hidden size]");
        }
        float[] all = finite(file, name);
        int hidden = Math.toIntExact(shape[1]);
        float[][] centres = new float[Math.toIntExact(shape[0])][];
        for (int k = 0; k < centres.length; k++) {
            centres[k] = Arrays.copyOfRange(all, k * hidden, (k + 1) * hidden);
        }
        return new KnownPrompts(centres);
    }

    private static float[] finite(SafetensorsFile file, String name) {
        float[] values = file.readFloats(name);
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new InputException(
                        file.file() + ": tensor " + name + " holds " + value + "; expected finite numbers");
            }
        }
        return values;
    }

    /** A configuration for the linears of a base. Names that are none of its linears are left out, as PEFT does. */
    private static AdapterConfig onBase(JsonObject json, AdapterConfig config, List<LinearSite> sites) {
        try {
            AdapterConfig named = config.with(config.targets().on(sites));
            List<String> strangers = named.targets().strangers(sites);
            AdapterConfig here = named.with(named.targets().without(strangers)).on(sites);
            here.targeted(sites);
            if (!strangers.isEmpty()) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "{0}: target_modules that the base does not have, and that are not used: {1}",
                        json.source(),
                        String.join(", ", strangers));
            }
            return here;
        } catch (InputException e) {
            throw json.error(String.valueOf(e.getMessage()));
        }
    }

    private static List<String> origins(JsonObject json, AdapterConfig config) {
        JsonArray named = json.arrayOrNull(AdapterJson.ORIGINS);
        List<String> origins = named == null ? List.of() : named.strings();
        if (!origins.isEmpty() && origins.size() != config.experts()) {
            throw json.error(AdapterJson.ORIGINS, "one for each of the " + config.experts() + " experts");
        }
        return origins;
    }

    private static SafetensorsFile openTensors(Path folder) {
        Path file = FolderFile.of(folder, TENSORS);
        if (!Files.exists(file) && Files.exists(folder.resolve(PICKLE))) {
            throw new InputException(
                    folder.resolve(PICKLE) + ": a pickle, which can run code when it is read; expected " + TENSORS
                            + ", which PEFT's save_pretrained writes unless safe_serialization is false");
        }
        return SafetensorsFile.open(file);
    }

    private static void checkTensors(
            SafetensorsFile file, Map<String, String> keys, AdapterConfig config, List<LinearSite> sites) {
        Set<String> known = new HashSet<>();
        Routers routers = new Routers(config, sites);
        for (LinearSite site : sites) {
            for (AdapterTensors.Slice slice : AdapterTensors.slices(config, routers, site)) {
                String shape = Arrays.toString(slice.shape());
                String name = keys.get(slice.key());
                if (name == null) {
                    throw new InputException(file.file() + ": tensor " + slice.key()
                            + " is missing; expected it with the shape " + shape);
                }
                if (!file.info(name).hasShape(slice.shape())) {
                    throw new InputException(file.file() + ": tensor " + file.info(name) + "; expected the shape "
                            + shape + " on this base");
                }
                known.add(name);
            }
        }
        for (var entry : keys.entrySet()) {
            String name = entry.getValue();
            if (!known.contains(name) && !entry.getKey().equals(AdapterTensors.PROMPTS)) {
                throw new InputException(file.file() + ": tensor " + name
                        + " has no place in this adapter on this base; expected what " + CONFIG + " describes");
            }
        }
    }

    private static void readLinear(SafetensorsFile file, Map<String, String> keys, Adapter adapter, LinearSite site) {
        Map<String, float[]> whole = new LinkedHashMap<>();
        for (AdapterTensors.Slice slice : AdapterTensors.slices(adapter.config(), adapter.routers(), site)) {
            Parameter parameter = adapter.tensor(slice.parameter());
            Shape shape = parameter.shape();
            String name = Objects.requireNonNull(keys.get(slice.key()));
            if (slice.isRange(shape)) {
                Pieces.each(slice.size(), (from, values) -> {
                    file.readFloats(name, from, values);
                    checkFinite(file, slice, values);
                    parameter.write(slice.at(0, shape) + from, values);
                });
                continue;
            }
            float[] all = whole.computeIfAbsent(slice.parameter(), key -> new float[Math.toIntExact(shape.size())]);
            float[] row = new float[slice.cols()];
            for (int i = 0; i < slice.rows(); i++) {
                file.readFloats(name, (long) i * slice.cols(), row);
                checkFinite(file, slice, row);
                System.arraycopy(row, 0, all, slice.at(i, shape), slice.cols());
            }
        }
        whole.forEach((name, values) -> adapter.tensor(name).set(values));
    }

    private static void checkFinite(SafetensorsFile file, AdapterTensors.Slice slice, float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new InputException(
                        file.file() + ": tensor " + slice.key() + " holds " + value + "; expected finite numbers");
            }
        }
    }

    /** What the adapter remembers of its base, in the tensors' metadata or, in older folders, in a field; null if it does not say. */
    private static @Nullable Fingerprint fingerprint(JsonObject json, SafetensorsFile tensors) {
        JsonObject inConfig = json.objectOrNull(FINGERPRINT);
        String inTensors = tensors.metadata().get(FINGERPRINT);
        if (inConfig != null) {
            return Fingerprint.fromJson(inConfig);
        }
        return inTensors == null
                ? null
                : Fingerprint.fromJson(Json.parse(inTensors, tensors.file() + ": " + FINGERPRINT));
    }

    private static void checkBase(Path folder, @Nullable Fingerprint made, Adaptable base) {
        if (made == null) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} does not say which base it was made for: only its shapes could be checked",
                    folder);
            return;
        }
        made.difference(base.fingerprint()).ifPresent(difference -> {
            throw new InputException(folder + ": the adapter was made for another base: expected " + difference + " in "
                    + base.source());
        });
    }
}
