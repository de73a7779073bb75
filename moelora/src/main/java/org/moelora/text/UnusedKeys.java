package org.moelora.text;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.io.GgufMetadata;
import org.moelora.io.JsonObject;

/** Keys of a tokenizer's files that are not used: those that would change its tokens are refused, the others are listed in one line. */
final class UnusedKeys {
    private static final System.Logger LOG = System.getLogger(UnusedKeys.class.getName());
    private static final int MAX_LISTED = 50;

    /** Of tokenizer_config.json: read here, or by {@link ChatTemplate}. */
    private static final Set<String> CONFIG_USED = Set.of(
            "add_bos_token",
            "add_eos_token",
            "added_tokens_decoder",
            "additional_special_tokens",
            "chat_template",
            "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output",
            "extra_special_tokens",
            "split_special_tokens");

    /** What Python classes and other programs read, and what says again what tokenizer.json says. */
    private static final Set<String> CONFIG_HARMLESS = Set.of(
            "add_prefix_space",
            "auto_map",
            "backend",
            "clean_up_tokenization_spaces",
            "errors",
            "extra_ids",
            "from_slow",
            "fast_tokenizer_files",
            "init_inputs",
            "is_local",
            "legacy",
            "local_files_only",
            "max_length",
            "max_len",
            "model_input_names",
            "model_max_length",
            "name_or_path",
            "pad_to_multiple_of",
            "pad_token_type_id",
            "padding_side",
            "processor_class",
            "response_schema",
            "response_template",
            "sp_model_kwargs",
            "spaces_between_special_tokens",
            "special_tokens_map_file",
            "stride",
            "tokenizer_class",
            "tokenizer_file",
            "truncation_side",
            "truncation_strategy",
            "use_default_system_prompt",
            "use_fast",
            "verbose");

    /** Of tokenizer.json: the fields of each kind of step that are read, or change no token. */
    private static final Map<String, Set<String>> STEP_FIELDS = Map.ofEntries(
            Map.entry("BertProcessing", Set.of("sep", "cls")),
            Map.entry("ByteLevel", Set.of("add_prefix_space", "trim_offsets", "use_regex")),
            Map.entry("CharDelimiterSplit", Set.of("delimiter")),
            Map.entry("Digits", Set.of("individual_digits")),
            Map.entry("Metaspace", Set.of("replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep")),
            Map.entry("Prepend", Set.of("prepend")),
            Map.entry("Punctuation", Set.of("behavior")),
            Map.entry("Replace", Set.of("pattern", "content")),
            Map.entry("RobertaProcessing", Set.of("sep", "cls", "trim_offsets", "add_prefix_space")),
            Map.entry("Split", Set.of("pattern", "behavior", "invert")),
            Map.entry("Strip", Set.of("strip_left", "strip_right", "content", "start", "stop")),
            Map.entry("TemplateProcessing", Set.of("single", "pair", "special_tokens")));

    private static final Set<String> MODEL_FIELDS = Set.of(
            "type",
            "vocab",
            "merges",
            "dropout",
            "unk_token",
            "continuing_subword_prefix",
            "end_of_word_suffix",
            "fuse_unk",
            "byte_fallback",
            "ignore_merges");

    private static final Set<String> ROOT_FIELDS = Set.of(
            "version",
            "truncation",
            "padding",
            "added_tokens",
            "normalizer",
            "pre_tokenizer",
            "post_processor",
            "decoder",
            "model");

    private static final Set<String> GGUF_USED = Set.of(
            "model",
            "pre",
            "tokens",
            "token_type",
            "scores",
            "merges",
            "add_bos_token",
            "add_eos_token",
            "add_space_prefix",
            "bos_token_id",
            "eos_token_id",
            "eot_token_id",
            "eom_token_id",
            "unknown_token_id",
            "padding_token_id",
            "fim_pad_token_id",
            "fim_rep_token_id",
            "fim_sep_token_id");

    /** Of tokenizers that are no byte pair encoding, and other forms of the same tokenizer. */
    private static final Set<String> GGUF_HARMLESS = Set.of(
            "add_sep_token",
            "huggingface.json",
            "precompiled_charsmap",
            "remove_extra_whitespaces",
            "rwkv.world",
            "token_type_count");

    private static final Map<String, String> SEQUENCES = Map.of(
            "normalizer", "normalizers",
            "pre_tokenizer", "pretokenizers",
            "post_processor", "processors",
            "decoder", "decoders");

    private final Map<String, Set<String>> files = new LinkedHashMap<>();
    private boolean strange;

    private void add(String file, String key, boolean harmless) {
        files.computeIfAbsent(file, name -> new TreeSet<>()).add(key.replaceAll("[\\p{C}\uFFFD]", "?"));
        strange |= !harmless;
    }

    /**
     * Notes the keys of tokenizer_config.json.
     *
     * @throws org.moelora.engine.InputException for one that asks for other tokens than are made here
     */
    void config(@Nullable JsonObject config) {
        if (config == null) {
            return;
        }
        if (config.flag("split_special_tokens", false)) {
            throw config.error("split_special_tokens", "false, since the text of a special token is that token here");
        }
        String corrupt = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output";
        if (config.flag("clean_up_tokenization_spaces", false) && config.flag(corrupt, false)) {
            throw config.error(corrupt, "false, since texts of byte pairs keep their spaces");
        }
        for (String key : config.names()) {
            if (!CONFIG_USED.contains(key) && !key.endsWith("_token") && config.has(key)) {
                add("tokenizer_config.json", key, CONFIG_HARMLESS.contains(key) || key.startsWith("_"));
            }
        }
    }

    /** Notes a special token that is none of the vocabulary. */
    void token(String field, String content) {
        add("tokenizer_config.json", field + " " + content, false);
    }

    /** Notes the fields of tokenizer.json. */
    void tokenizer(JsonObject root) {
        unknown(root, "", ROOT_FIELDS);
        unknown(root.object("model"), "model.", MODEL_FIELDS);
        SEQUENCES.forEach((name, list) -> {
            JsonObject field = root.objectOrNull(name);
            for (JsonObject step : field == null ? List.<JsonObject>of() : Steps.of(field, list)) {
                String type = step.string("type");
                unknown(step, name + "." + type + ".", STEP_FIELDS.getOrDefault(type, Set.of()));
            }
        });
    }

    private void unknown(JsonObject object, String path, Set<String> known) {
        for (String key : object.names()) {
            if (!known.contains(key) && !key.equals("type") && object.has(key)) {
                add("tokenizer.json", path + key, false);
            }
        }
    }

    /** Notes the keys {@code tokenizer.*} of a GGUF file. */
    void gguf(GgufMetadata metadata) {
        for (String key : metadata.keys()) {
            String name = key.replaceFirst("^tokenizer\\.(ggml\\.)?", "");
            boolean ofTokenizer = key.startsWith("tokenizer.") && !name.startsWith("chat_template");
            if (ofTokenizer && !GGUF_USED.contains(name)) {
                add("keys", key, GGUF_HARMLESS.contains(name) || name.endsWith("_token_id") || metadata.isNeutral(key));
            }
        }
    }

    /** Logs the line, if there is anything to list. */
    void log(Object source) {
        if (files.isEmpty()) {
            return;
        }
        String listed = files.entrySet().stream()
                .map(file -> file.getKey() + ": " + shown(file.getValue()))
                .collect(Collectors.joining("; "));
        LOG.log(
                strange ? System.Logger.Level.WARNING : System.Logger.Level.INFO,
                "{0}: read and not used: {1}",
                source,
                listed);
    }

    private static String shown(Set<String> keys) {
        int more = keys.size() - MAX_LISTED;
        return keys.stream()
                        .limit(MAX_LISTED)
                        .map(key -> key.length() > MAX_LISTED + MAX_LISTED ? key.substring(0, MAX_LISTED) + "..." : key)
                        .collect(Collectors.joining(", "))
                + (more > 0 ? " and " + more + " more" : "");
    }
}
