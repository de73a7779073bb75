package org.moelora.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.io.FolderFile;
import org.moelora.engine.io.GgufMetadata;
import org.moelora.engine.io.Json;
import org.moelora.engine.io.JsonArray;
import org.moelora.engine.io.JsonObject;
import org.moelora.text.template.Template;

/**
 * How a model wants to be talked to: its chat template, in the subset of Jinja that {@link Template} reads. The template sees {@code messages},
 * {@code add_generation_prompt}, and the texts of the tokens that {@code tokenizer_config.json} or the GGUF file names, such as {@code bos_token}; {@code tools}
 * and {@code documents} are none, and there is no clock. Immutable and thread-safe.
 */
public final class ChatTemplate {
    private static final List<String> TOKENS =
            List.of("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token");

    private static final String KEY = "tokenizer.chat_template";

    /** The keys of GGUF files that say which tokens these are. */
    private static final Map<String, String> GGUF_TOKENS = Map.of(
            "bos_token", "bos_token_id",
            "eos_token", "eos_token_id",
            "unk_token", "unknown_token_id",
            "pad_token", "padding_token_id");

    private final Template template;
    private final Map<String, @Nullable Object> tokens;
    private final String source;

    private ChatTemplate(String source, Template template, Map<String, @Nullable Object> tokens) {
        this.source = source;
        this.template = template;
        this.tokens = tokens;
    }

    /**
     * A template.
     *
     * @param source what complaints begin with
     * @param tokens the texts of special tokens by the names that the template knows them by
     * @throws InputException if it has a construct that is not supported, which is named with its line
     */
    public static ChatTemplate of(String source, String template, Map<String, String> tokens) {
        return new ChatTemplate(source, Template.parse(source, template), new HashMap<>(tokens));
    }

    /**
     * The template of a model's folder: {@code chat_template.jinja}, else {@code chat_template} of {@code tokenizer_config.json}, which is a text or a
     * list of named ones, of which the one named {@code default} counts; null if there is none.
     *
     * @throws InputException if a file cannot be read, or the template has a construct that is not supported
     */
    public static @Nullable ChatTemplate read(Path folder) {
        Path configFile = FolderFile.of(folder, "tokenizer_config.json");
        JsonObject config = Files.exists(configFile) ? Json.read(configFile) : null;
        Path own = FolderFile.of(folder, "chat_template.jinja");
        if (Files.exists(own)) {
            return of(own.toString(), text(own), tokens(folder, config));
        }
        String template = config == null ? null : chosen(config);
        return template == null ? null : of(configFile.toString(), template, tokens(folder, config));
    }

    /**
     * The template in a GGUF file, its key {@code tokenizer.chat_template}; null if there is none.
     *
     * @throws InputException if it is no text, or has a construct that is not supported
     */
    public static @Nullable ChatTemplate of(GgufMetadata metadata) {
        if (!metadata.has(KEY)) {
            return null;
        }
        Map<String, String> tokens = new HashMap<>();
        List<String> all =
                metadata.has("tokenizer.ggml.tokens") ? metadata.strings("tokenizer.ggml.tokens") : List.of();
        GGUF_TOKENS.forEach((name, key) -> {
            long id = metadata.integer("tokenizer.ggml." + key, -1);
            if (id >= 0 && id < all.size()) {
                tokens.put(name, all.get((int) id));
            }
        });
        return of(metadata.source() + ": key \"" + KEY + "\"", metadata.string(KEY), tokens);
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > 4L << 20) {
                throw new InputException(
                        file + ": has " + Files.size(file) + " bytes; expected a chat template, which has fewer");
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw InputException.unreadable(file, "a chat template", e);
        }
    }

    private static @Nullable String chosen(JsonObject config) {
        if (!(config.get("chat_template") instanceof JsonArray named)) {
            return config.stringOrNull("chat_template");
        }
        for (JsonObject entry : named.objects()) {
            if (entry.string("name").equals("default")) {
                return entry.string("template");
            }
        }
        throw config.error("chat_template", "a text, or a list with one named default");
    }

    private static Map<String, String> tokens(Path folder, @Nullable JsonObject config) {
        Path namesFile = FolderFile.of(folder, "special_tokens_map.json");
        JsonObject names = Files.exists(namesFile) ? Json.read(namesFile) : null;
        Map<String, String> tokens = new HashMap<>();
        for (JsonObject file : new @Nullable JsonObject[] {names, config}) {
            for (String name : file == null ? List.<String>of() : TOKENS) {
                Object value = file.get(name);
                if (value instanceof String text) {
                    tokens.put(name, text);
                } else if (value instanceof JsonObject token) {
                    tokens.put(name, token.string("content"));
                }
            }
        }
        return tokens;
    }

    /**
     * The text of a conversation.
     *
     * @param addGenerationPrompt whether the beginning of an answer follows, for a model to go on with
     * @throws InputException if the template refuses the messages, or does too much
     */
    public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        Map<String, @Nullable Object> variables = new HashMap<>(tokens);
        variables.put("messages", messages.stream().map(ChatTemplate::fields).toList());
        variables.put("add_generation_prompt", addGenerationPrompt);
        variables.put("tools", null);
        variables.put("documents", null);
        return template.render(variables);
    }

    private static Map<String, @Nullable Object> fields(ChatMessage message) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("role", message.role());
        fields.put("content", message.content());
        return fields;
    }

    /** The text of the end-of-sequence token; empty if it is not known. */
    public String eosToken() {
        return tokens.get("eos_token") instanceof String text ? text : "";
    }

    /** Where it comes from, for messages. */
    public String source() {
        return source;
    }
}
