package org.moelora.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.moelora.io.FolderFile;
import org.moelora.io.GgufMetadata;
import org.moelora.text.ChatTemplate;
import org.moelora.text.Tokenizer;

/**
 * What a model's files say about text. The chat template is read when it is first asked for, so that a model whose template is not supported
 * still does everything else. Thread-safe.
 */
final class ModelText {
    private final @Nullable Tokenizer tokenizer;
    private final Supplier<@Nullable ChatTemplate> templates;
    private boolean asked;
    private @Nullable ChatTemplate template;

    private ModelText(@Nullable Tokenizer tokenizer, Supplier<@Nullable ChatTemplate> templates) {
        this.tokenizer = tokenizer;
        this.templates = templates;
    }

    /** A tokenizer, or none, and no chat template. */
    static ModelText of(@Nullable Tokenizer tokenizer) {
        return new ModelText(tokenizer, () -> null);
    }

    /** Of a Hugging Face folder. */
    static ModelText of(Path folder) {
        Path file = FolderFile.of(folder, "tokenizer.json");
        return new ModelText(Files.exists(file) ? Tokenizer.read(file) : null, () -> ChatTemplate.read(folder));
    }

    /** Of a GGUF file, which must be open when the chat template is asked for first. */
    static ModelText of(GgufMetadata metadata) {
        return new ModelText(
                metadata.has("tokenizer.ggml.model") ? Tokenizer.of(metadata) : null, () -> ChatTemplate.of(metadata));
    }

    @Nullable Tokenizer tokenizer() {
        return tokenizer;
    }

    synchronized @Nullable ChatTemplate chatTemplate() {
        if (!asked) {
            template = templates.get();
            asked = true;
        }
        return template;
    }
}
