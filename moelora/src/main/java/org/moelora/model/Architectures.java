package org.moelora.model;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;

/** The families of models that are known. */
final class Architectures {
    private static final List<Architecture> ALL =
            List.of(new Llama(), new Mistral(), new Qwen2(), new Qwen3(), new Gemma3(), new Phi3(), new Gpt2());

    private Architectures() {}

    /**
     * Reads {@code config.json}.
     *
     * @throws InputException as {@link Architecture#read}, and for a family that is not known
     */
    static DecoderConfig read(Path file) {
        return read(Json.read(file), new Unused());
    }

    /** {@link #read(Path)}, noting which fields are not used. */
    static DecoderConfig read(JsonObject json, Unused unused) {
        String type = json.string("model_type");
        for (Architecture architecture : ALL) {
            if (architecture.id().equals(type)) {
                ConfigFields fields = new ConfigFields(json, architecture.defaults());
                DecoderConfig config = architecture.read(fields);
                unused.add("config.json", fields.unused(), OtherFields::isHarmless);
                return config;
            }
        }
        throw json.error("model_type", "an architecture that is supported: " + known());
    }

    /**
     * @throws IllegalArgumentException if no such name exists
     */
    static Architecture of(String id) {
        return ALL.stream()
                .filter(architecture -> architecture.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "there is no architecture \"" + id + "\"; expected one of " + known()));
    }

    /** The family that GGUF calls so, or null. */
    static @Nullable Architecture ofGguf(String name) {
        for (Architecture architecture : ALL) {
            GgufLayout layout = architecture.gguf();
            if (layout != null && layout.architecture().equals(name)) {
                return architecture;
            }
        }
        return null;
    }

    /** What GGUF calls the families that are known. */
    static String inGguf() {
        return ALL.stream()
                .map(Architecture::gguf)
                .filter(Objects::nonNull)
                .map(GgufLayout::architecture)
                .collect(Collectors.joining(", "));
    }

    private static String known() {
        return ALL.stream().map(Architecture::id).collect(Collectors.joining(", "));
    }
}
