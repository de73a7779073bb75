package org.moelora.model;

import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;

/**
 * A family of models: how its {@code config.json} describes a {@link Decoder}, and what its checkpoints call the parts. Stateless; {@link Architectures}
 * has all of them.
 */
sealed interface Architecture permits Llama, Mistral, Qwen2, Qwen3, Gemma3, Phi3, Gpt2 {
    /** The {@code model_type} of its {@code config.json}. */
    String id();

    /** What its {@code config.json} means where it does not have a field. */
    FamilyDefaults defaults();

    /**
     * The decoder that a {@code config.json} describes.
     *
     * @throws InputException if a field is missing, out of range or asks for something that this decoder does not do
     */
    DecoderConfig read(ConfigFields config);

    default TensorNames names() {
        return TensorNames.LLAMA;
    }

    /** How its GGUF files differ, or null if GGUF has none of it. */
    default @Nullable GgufLayout gguf() {
        return null;
    }

    /** Whether linears are stored as {@code [in, out]}. */
    default boolean transposedLinears() {
        return false;
    }
}
