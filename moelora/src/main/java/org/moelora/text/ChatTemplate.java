package org.moelora.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;
import org.moelora.io.FolderFile;
import org.moelora.io.GgufMetadata;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.text.template.Template;

/**
 * How a model wants to be talked to: its chat template, in the subset of Jinja that {@link Template} reads. The template sees {@code messages},
 * {@code add_generation_prompt}, and the texts of the tokens that {@code tokenizer_config.json} or the GGUF file names, such as {@code bos_token}; {@code tools}
 * and {@code documents} are none, and {@code strftime_now} writes today's date, or the one that {@link #withDate} sets. Immutable and thread-safe.
 */
public final class ChatTemplate {
    private static final List<String> TOKENS =
            List.of("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token");

    /** Characters of a text that is not in another by chance. */
    private static final int LONG_ENOUGH = 8;

    private static final String KEY = "tokenizer.chat_template";

    private static final String TOOLS_KEY = KEY + ".tool_use";

    /** The keys of GGUF files that say which tokens these are. */
    private static final Map<String, String> GGUF_TOKENS = Map.of(
            "bos_token", "bos_token_id",
            "eos_token", "eos_token_id",
            "unk_token", "unknown_token_id",
            "pad_token", "padding_token_id");

    private final String text;
    private final Template template;
    private final Map<String, @Nullable Object> tokens;
    private final String source;
    private final @Nullable ChatTemplate withTools;
    private final @Nullable LocalDate date;

    private ChatTemplate(
            String source,
            String text,
            Template template,
            Map<String, @Nullable Object> tokens,
            @Nullable ChatTemplate withTools,
            @Nullable LocalDate date) {
        this.withTools = withTools;
        this.date = date;
        this.source = source;
        this.text = text;
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
        return new ChatTemplate(source, template, Template.parse(source, template), new HashMap<>(tokens), null, null);
    }

    /**
     * The template of a model's folder: {@code chat_template.jinja}, else {@code chat_template} of {@code tokenizer_config.json}, which is a text or a
     * list of named ones, else that of {@code chat_template.json}; null if there is none. Of named ones {@code default} counts, and {@code tool_use} for
     * conversations with tools; {@code additional_chat_templates/} may hold it too.
     *
     * @throws InputException if a file cannot be read, or the template has a construct that is not supported
     */
    public static @Nullable ChatTemplate read(Path folder) {
        Path configFile = FolderFile.of(folder, "tokenizer_config.json");
        JsonObject config = Files.exists(configFile) ? Json.read(configFile) : null;
        Map<String, String> tokens = tokens(folder, config);
        Path own = FolderFile.of(folder, "chat_template.jinja");
        Path legacy = FolderFile.of(folder, "chat_template.json");
        Path tools = folder.resolve("additional_chat_templates").resolve("tool_use.jinja");
        ChatTemplate usual = null;
        ChatTemplate ofTools = Files.exists(tools) ? of(tools.toString(), text(tools), tokens) : null;
        if (Files.exists(own)) {
            usual = of(own.toString(), text(own), tokens);
        } else if (config != null && config.get("chat_template") instanceof JsonArray) {
            usual = of(configFile.toString(), Objects.requireNonNull(named(config, "default", true)), tokens);
            String named = named(config, "tool_use", false);
            ofTools = ofTools != null || named == null ? ofTools : of(configFile + " (tool_use)", named, tokens);
        } else if (config != null && config.has("chat_template")) {
            usual = of(configFile.toString(), config.string("chat_template"), tokens);
        } else if (Files.exists(legacy)) {
            usual = of(legacy.toString(), Json.read(legacy).string("chat_template"), tokens);
        }
        return usual == null ? null : usual.withTools(ofTools);
    }

    private ChatTemplate withTools(@Nullable ChatTemplate ofTools) {
        return new ChatTemplate(source, text, template, tokens, ofTools, date);
    }

    private static @Nullable String named(JsonObject config, String name, boolean needed) {
        for (JsonObject entry : config.array("chat_template").objects()) {
            if (entry.string("name").equals(name)) {
                return entry.string("template");
            }
        }
        if (needed) {
            throw config.error("chat_template", "a text, or a list with one named default");
        }
        return null;
    }

    /**
     * The template in a GGUF file, its key {@code tokenizer.chat_template}, and for conversations with tools {@code tokenizer.chat_template.tool_use} if
     * that is there; null if there is none.
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
        ChatTemplate usual = of(metadata, KEY, tokens);
        return metadata.has(TOOLS_KEY) ? usual.withTools(of(metadata, TOOLS_KEY, tokens)) : usual;
    }

    private static ChatTemplate of(GgufMetadata metadata, String key, Map<String, String> tokens) {
        return of(metadata.source() + ": key \"" + key + "\"", metadata.string(key), tokens);
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
        return render(messages, Map.of(), addGenerationPrompt);
    }

    /**
     * The text of a conversation.
     *
     * @param more variables beside the messages, such as {@code tools}: strings, numbers, booleans, lists and maps of these
     * @param addGenerationPrompt whether the beginning of an answer follows, for a model to go on with
     * @throws InputException if the template refuses the messages, or does too much
     */
    public String render(List<ChatMessage> messages, Map<String, @Nullable Object> more, boolean addGenerationPrompt) {
        return rendered(messages.stream().map(ChatTemplate::fields).toList(), more, addGenerationPrompt);
    }

    private String rendered(
            List<? extends Map<String, @Nullable Object>> messages,
            Map<String, @Nullable Object> more,
            boolean addGenerationPrompt) {
        if (withTools != null && more.get("tools") != null) {
            return withTools.rendered(messages, more, addGenerationPrompt);
        }
        Map<String, @Nullable Object> variables = new HashMap<>(tokens);
        variables.put("tools", null);
        variables.put("documents", null);
        variables.putAll(more);
        variables.put("messages", messages);
        variables.put("add_generation_prompt", addGenerationPrompt);
        return template.render(variables, date());
    }

    /**
     * Refuses a conversation of which the template leaves something out: a field that it never asks for, a variable without which it writes the
     * same, or what the system or a tool says.
     *
     * @param whole what it writes
     * @param needed which fields of messages must not be left out
     * @throws InputException if there is such a thing, naming it; or as {@link #render} does
     */
    public void checkComplete(
            List<ChatMessage> messages, Map<String, @Nullable Object> more, String whole, Predicate<String> needed) {
        if (messages.stream()
                .anyMatch(message -> message.fields().keySet().stream().anyMatch(needed))) {
            checkFields(messages, more, needed);
        }
        for (String name : more.keySet()) {
            checkVariable(messages, more, name, whole);
        }
        checkSaid(messages, more, whole);
    }

    private void checkFields(List<ChatMessage> messages, Map<String, @Nullable Object> more, Predicate<String> needed) {
        List<AskedFields> asked = messages.stream()
                .map(message -> new AskedFields(fields(message)))
                .toList();
        rendered(asked, more, false);
        for (int i = 0; i < asked.size(); i++) {
            AskedFields message = asked.get(i);
            for (String name : messages.get(i).fields().keySet()) {
                if (needed.test(name) && !message.wasAskedFor(name)) {
                    throw new InputException("the field \"" + name + "\" of its message " + (i + 1) + " is not read by "
                            + source + "; expected a template that reads it, or messages without it");
                }
            }
        }
    }

    private void checkVariable(
            List<ChatMessage> messages, Map<String, @Nullable Object> more, String name, String whole) {
        Map<String, @Nullable Object> without = new HashMap<>(more);
        without.remove(name);
        if (render(messages, without, false).equals(whole)
                && render(messages, without, true).equals(render(messages, more, true))) {
            throw new InputException("its \"" + name + "\" changes nothing in what " + source
                    + " writes; expected a template that reads it, or a row without it");
        }
    }

    /** What others than the two who talk say may have no place in a template; whether it has is seen by saying something that nothing else says. */
    private void checkSaid(List<ChatMessage> messages, Map<String, @Nullable Object> more, String whole) {
        List<ChatMessage> marked = new ArrayList<>(messages);
        Map<Integer, String> marks = new LinkedHashMap<>();
        for (int i = 0; i < messages.size(); i++) {
            ChatMessage message = messages.get(i);
            String said = message.content() == null ? "" : message.content().strip();
            boolean system = message.role().equals("system");
            boolean talks = message.role().equals("user") || message.role().equals("assistant");
            if (!talks && !said.isEmpty() && !(system && said.length() >= LONG_ENOUGH && whole.contains(said))) {
                String mark = "90712835" + i + "53821709";
                marks.put(i, mark);
                marked.set(i, new ChatMessage(message.role(), mark, message.fields()));
            }
        }
        if (marks.isEmpty()) {
            return;
        }
        String written = render(marked, more, false);
        marks.forEach((i, mark) -> {
            if (!written.contains(mark)) {
                throw new InputException("its message " + (i + 1) + " of the role "
                        + messages.get(i).role() + " is left out by " + source
                        + "; expected a template that writes it, or messages without it");
            }
        });
    }

    private static Map<String, @Nullable Object> fields(ChatMessage message) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("role", message.role());
        fields.put("content", message.content());
        fields.putAll(message.fields());
        return fields;
    }

    /** The same with another day for today, which templates ask {@code strftime_now} for. */
    public ChatTemplate withDate(LocalDate day) {
        ChatTemplate tools = withTools == null ? null : withTools.withDate(day);
        return new ChatTemplate(source, text, template, tokens, tools, day);
    }

    /** What {@code strftime_now} takes for today: the day of {@link #withDate}, else the current date. */
    public LocalDate date() {
        return date == null ? LocalDate.now(ZoneId.systemDefault()) : date;
    }

    /**
     * How the model writes the calls of tools, as far as its template tells.
     *
     * @throws UnsupportedFeature if its form is none that is read here
     */
    public ToolCallFormat toolCalls() {
        ChatTemplate used = withTools == null ? this : withTools;
        ToolCallFormat format = ToolCallFormat.of(used.text);
        if (format == null) {
            throw new UnsupportedFeature(
                    used.source,
                    "its form of tool calls",
                    "a chat template with Hermes' and Qwen's <tool_call>, Mistral's [TOOL_CALLS] list or Llama 3.1's JSON");
        }
        return format;
    }

    /**
     * A conversation with tools for its next answer, of which nothing is left out.
     *
     * @param tools none if there are none
     * @throws UnsupportedFeature if the template does not write tools, their calls or their answers
     */
    public String prompt(List<ChatMessage> messages, List<Tool> tools) {
        Map<String, @Nullable Object> more = new HashMap<>();
        if (!tools.isEmpty()) {
            more.put("tools", tools.stream().map(Tool::value).toList());
        }
        String prompt = render(messages, more, true);
        if (!tools.isEmpty() && prompt.equals(render(messages, true))) {
            throw new UnsupportedFeature(source, "tools", "a model whose chat template writes them");
        }
        boolean called = messages.stream()
                .anyMatch(message ->
                        message.role().equals("tool") || message.fields().containsKey("tool_calls"));
        if (called) {
            try {
                checkFields(messages, more, "tool_calls"::equals);
                checkSaid(messages, more, prompt);
            } catch (InputException e) {
                throw new UnsupportedFeature(
                        source, "a conversation in which tools were called", String.valueOf(e.getMessage()));
            }
        }
        return prompt;
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
