package org.moelora.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.io.GgufMetadata;

/** The tokens that end a text, as llama.cpp finds them in a GGUF file: those that keys name, and those that are written as ends are known to be. */
final class GgufEnds {
    private static final String KEY = "tokenizer.ggml.";
    private static final String TOKENS = KEY + "tokens";

    /** A text's end comes first: it is the one that training writes. */
    private static final List<String> KEYS = List.of(
            "eos_token_id", "eot_token_id", "eom_token_id", "fim_pad_token_id", "fim_rep_token_id", "fim_sep_token_id");

    private static final Set<String> WRITTEN = Set.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
            "<|flush|>",
            "<|calls|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "</s>",
            "<|eom_id|>",
            "<EOT>",
            "_<EOT>",
            "[EOT]",
            "[EOS]",
            "<|end_of_text|>",
            "<end_of_utterance>",
            "<eos>",
            "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
            "<|fim_pad|>",
            "<fim-pad>",
            "<fim_pad>",
            "<PAD>",
            "<|fim_repo|>",
            "<|repo_name|>",
            "<fim-repo>",
            "<REPO>",
            "<reponame>",
            "<|file_sep|>");

    private GgufEnds() {}

    static List<Long> of(GgufMetadata keys, long vocabulary) {
        List<Long> ends = new ArrayList<>();
        for (String name : KEYS) {
            Long id = id(keys, name, vocabulary);
            if (id != null && !ends.contains(id)) {
                ends.add(id);
            }
        }
        // Sentencepiece's models end a text with their third piece, where no key says otherwise.
        if (ends.isEmpty() && keys.string(KEY + "model", "").equals("llama") && vocabulary > 2) {
            ends.add(2L);
        }
        List<String> tokens = keys.has(TOKENS) ? keys.strings(TOKENS) : List.of();
        for (int id = 0; id < Math.min(tokens.size(), vocabulary); id++) {
            if (WRITTEN.contains(tokens.get(id)) && !ends.contains((long) id)) {
                ends.add((long) id);
            }
        }
        return ends;
    }

    /** The id that a key names; null without the key. Files have a number beyond all tokens for a token that there is not. */
    static @Nullable Long id(GgufMetadata keys, String name, long vocabulary) {
        if (!keys.has(KEY + name)) {
            return null;
        }
        long id = keys.integer(KEY + name);
        return id >= 0 && id < vocabulary ? id : null;
    }
}
