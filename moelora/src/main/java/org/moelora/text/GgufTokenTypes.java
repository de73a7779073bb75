package org.moelora.text;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.moelora.io.GgufMetadata;

/**
 * What a GGUF file says of its tokens, and what it leaves out and llama.cpp knows by their texts or the model's name: which of them are control
 * tokens although their type is another, and which take the white space beside them.
 */
final class GgufTokenTypes {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;

    /** Ends of a turn or a text, and the marks of filling in the middle: control tokens whatever their type. */
    private static final Set<String> CONTROL_BY_TEXT = Set.of(
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
            "<turn|>",
            "<|tool_response>",
            "<\uff5cend\u2581of\u2581sentence\uff5c>",
            "[e~[");

    /** Of each kind of these marks the first that there is. */
    private static final List<List<String>> FILL_IN_THE_MIDDLE = List.of(
            List.of(
                    "<|fim_prefix|>",
                    "<fim-prefix>",
                    "<fim_prefix>",
                    "<\uff5cfim\u2581begin\uff5c>",
                    "<PRE>",
                    "\u2581<PRE>",
                    "<|code_prefix|>",
                    "<|prefix|>"),
            List.of(
                    "<|fim_suffix|>",
                    "<fim-suffix>",
                    "<fim_suffix>",
                    "<\uff5cfim\u2581hole\uff5c>",
                    "<SUF>",
                    "\u2581<SUF>",
                    "<|code_suffix|>",
                    "<|suffix|>"),
            List.of(
                    "<|fim_middle|>",
                    "<fim-middle>",
                    "<fim_middle>",
                    "<\uff5cfim\u2581end\uff5c>",
                    "<MID>",
                    "\u2581<MID>",
                    "<|code_middle|>",
                    "<|middle|>"),
            List.of("<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"),
            List.of("<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"),
            List.of("<|file_sep|>"));

    /** Marks of the harmony format, which are part of what is written. */
    private static final Set<String> WRITTEN = Set.of("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>");

    private final List<String> tokens;
    private final int[] types;
    private final boolean ofPhi3;
    private final boolean ofJina;

    /**
     * @param types as the file has them, for each token
     */
    GgufTokenTypes(GgufMetadata metadata, List<String> tokens, int[] types) {
        this.tokens = tokens;
        this.types = types.clone();
        String name = metadata.string("general.name", "").toLowerCase(Locale.ROOT);
        ofPhi3 = name.contains("phi-3") || name.contains("phi3");
        String pre = metadata.string("tokenizer.ggml.pre", "");
        ofJina = pre.contains("jina-v2-de") || pre.contains("jina-v2-es");
        overrule();
    }

    private void overrule() {
        for (int id = 0; id < types.length; id++) {
            String text = tokens.get(id);
            if (CONTROL_BY_TEXT.contains(text)) {
                types[id] = CONTROL;
            } else if (WRITTEN.contains(text)) {
                types[id] = USER_DEFINED;
            }
        }
        for (List<String> marks : FILL_IN_THE_MIDDLE) {
            marks.stream()
                    .mapToInt(tokens::indexOf)
                    .filter(id -> id >= 0)
                    .findFirst()
                    .ifPresent(id -> types[id] = CONTROL);
        }
        boolean calls = there("<|call|>") || there("<|calls|>");
        if (there("<|end|>") && ((there("<|return|>") && there("<|call|>")) || (calls && there("<|flush|>")))) {
            types[tokens.indexOf("<|end|>")] = USER_DEFINED;
        }
        if (there("</s>") && there("<|tool_response>")) {
            types[tokens.indexOf("</s>")] = NORMAL;
        }
    }

    private boolean there(String text) {
        return tokens.contains(text);
    }

    int[] all() {
        return Arrays.copyOf(types, types.length);
    }

    /** Whether the token is looked for in the text before anything else. */
    boolean isAdded(int id) {
        return isSpecial(id) || types[id] == USER_DEFINED;
    }

    /** Whether decoding leaves the token out. */
    boolean isSpecial(int id) {
        return types[id] == CONTROL || types[id] == UNKNOWN;
    }

    boolean takesSpaceBefore(int id) {
        return ofJina && tokens.get(id).equals("<mask>");
    }

    boolean takesSpaceAfter(int id) {
        return ofPhi3 && !Set.of("<unk>", "<s>", "<|endoftext|>").contains(tokens.get(id));
    }
}
