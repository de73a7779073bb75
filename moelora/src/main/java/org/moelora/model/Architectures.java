package org.moelora.model;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.moelora.engine.InputException;
import org.moelora.engine.io.Json;
import org.moelora.engine.io.JsonObject;

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
        JsonObject json = Json.read(file);
        String type = json.string("model_type");
        for (Architecture architecture : ALL) {
            if (architecture.id().equals(type)) {
                return architecture.read(new ConfigFields(json));
            }
        }
        throw json.error("model_type", "an architecture that is supported: " + known());
    }

    /**
     * @throws IllegalArgumentException if there is none of that name
     */
    static Architecture of(String id) {
        return ALL.stream()
                .filter(architecture -> architecture.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "there is no architecture \"" + id + "\"; expected one of " + known()));
    }

    private static String known() {
        return ALL.stream().map(Architecture::id).collect(Collectors.joining(", "));
    }
}
