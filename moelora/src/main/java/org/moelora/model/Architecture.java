package org.moelora.model;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.moelora.engine.InputException;
import org.moelora.engine.io.Json;
import org.moelora.engine.io.JsonObject;

/** A family of models: how its {@code config.json} describes a {@link Decoder}, and what its checkpoints call the parts. Stateless. */
sealed interface Architecture permits Llama, Mistral, Qwen2, Qwen3, Gemma3, Phi3, Gpt2 {
    /** All that are known. */
    List<Architecture> ALL =
            List.of(new Llama(), new Mistral(), new Qwen2(), new Qwen3(), new Gemma3(), new Phi3(), new Gpt2());

    /** The {@code model_type} of its {@code config.json}. */
    String id();

    /**
     * The decoder that a {@code config.json} describes.
     *
     * @throws InputException if a field is missing, out of range or asks for something that this decoder does not do
     */
    DecoderConfig read(ConfigFields config);

    default TensorNames names() {
        return TensorNames.LLAMA;
    }

    /** Whether linears are stored as {@code [in, out]}. */
    default boolean transposedLinears() {
        return false;
    }

    /**
     * Reads {@code config.json}.
     *
     * @throws InputException as {@link #read(ConfigFields)}, and for a family that is not known
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
