package org.moelora.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How GGUF files of a family differ from its Hugging Face folders: linears are always stored as [out, in], norms with their 1 already added, and parts have
 * other names.
 *
 * @param architecture what {@code general.architecture} calls the family; keys begin with it
 * @param queryKeyValue the linears of queries, keys and values
 * @param gateUp the linears that the feed-forward block begins with
 * @param ropeFactors whether a file may have a tensor of factors that frequencies are divided by
 * @param interleavedRope whether the rows of queries and keys are ordered for rope over the features 2i and 2i + 1
 */
record GgufLayout(
        String architecture,
        List<String> queryKeyValue,
        List<String> gateUp,
        boolean ropeFactors,
        boolean interleavedRope) {
    /** The tensor of factors. */
    static final String ROPE_FACTORS = "rope_freqs.weight";

    private static final List<String> SEPARATE = List.of("attn_q", "attn_k", "attn_v");

    /** Llama's: with factors, and rows ordered for rope over neighbours. */
    static GgufLayout llama() {
        return new GgufLayout("llama", SEPARATE, List.of("ffn_gate", "ffn_up"), true, true);
    }

    /** Of a family with the linears of Llama. */
    static GgufLayout of(String architecture) {
        return new GgufLayout(architecture, SEPARATE, List.of("ffn_gate", "ffn_up"), false, false);
    }

    /** Of a family with one linear for queries, keys and values, and one that the feed-forward block begins with. */
    static GgufLayout fused(String architecture) {
        return new GgufLayout(architecture, List.of("attn_qkv"), List.of("ffn_up"), false, false);
    }

    /** What a file calls the tensors that a Hugging Face folder calls by these names. */
    Map<String, String> names(DecoderConfig config, TensorNames folder) {
        Map<String, String> names = new HashMap<>();
        pair(names, folder.embedding(), "token_embd");
        pair(names, folder.positions(), "position_embd");
        pair(names, folder.norm(), "output_norm");
        pair(names, folder.head(), "output");
        for (int layer = 0; layer < config.layers(); layer++) {
            String from = folder.block(layer);
            String to = "blk." + layer + ".";
            pair(names, from + folder.attentionNorm(), to + "attn_norm");
            pair(names, from + TensorNames.QUERY_NORM, to + "attn_q_norm");
            pair(names, from + TensorNames.KEY_NORM, to + "attn_k_norm");
            pair(names, from + folder.output(), to + "attn_output");
            pair(names, from + folder.attentionResultNorm(), to + "post_attention_norm");
            pair(names, from + folder.feedForwardNorm(), to + "ffn_norm");
            pair(names, from + folder.down(), to + "ffn_down");
            pair(names, from + folder.feedForwardResultNorm(), to + "post_ffw_norm");
            for (int i = 0; i < queryKeyValue.size(); i++) {
                pair(names, from + folder.queryKeyValue().get(i), to + queryKeyValue.get(i));
            }
            for (int i = 0; i < gateUp.size(); i++) {
                pair(names, from + folder.gateUp().get(i), to + gateUp.get(i));
            }
        }
        return names;
    }

    private static void pair(Map<String, String> names, String from, String to) {
        names.put(from + ".weight", to + ".weight");
        names.put(from + ".bias", to + ".bias");
    }
}
