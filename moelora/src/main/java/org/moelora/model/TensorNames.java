package org.moelora.model;

import java.util.List;

/**
 * What a family's checkpoints call the parts of a decoder. Names in a block are without the block's own; linears are named as Hugging Face's modules, which
 * is what adapters are named by, and several parts that are one module are one name.
 *
 * @param embedding table of token embeddings
 * @param positions table of position embeddings; empty without one
 * @param blocks the blocks' own name, before the layer's number
 * @param attentionNorm before attention
 * @param queryKeyValue the linears of queries, keys and values: three, or one that gives all side by side
 * @param output the linear after attention
 * @param attentionResultNorm after attention; empty without one
 * @param feedForwardNorm before the feed-forward block
 * @param gateUp the linears that the feed-forward block begins with: gate and up, or one that gives both side by side, or the only one
 * @param down the linear that it ends with
 * @param feedForwardResultNorm after the feed-forward block; empty without one
 * @param norm after the last block
 * @param head the last linear
 */
record TensorNames(
        String embedding,
        String positions,
        String blocks,
        String attentionNorm,
        List<String> queryKeyValue,
        String output,
        String attentionResultNorm,
        String feedForwardNorm,
        List<String> gateUp,
        String down,
        String feedForwardResultNorm,
        String norm,
        String head) {
    /** What of a query and key norm there is, beside the linears. */
    static final String QUERY_NORM = "self_attn.q_norm";

    static final String KEY_NORM = "self_attn.k_norm";

    static final TensorNames LLAMA = llama(
            List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
            List.of("mlp.gate_proj", "mlp.up_proj"));

    /** Llama's, with these linears. */
    static TensorNames llama(List<String> queryKeyValue, List<String> gateUp) {
        return new TensorNames(
                "model.embed_tokens",
                "",
                "model.layers",
                "input_layernorm",
                queryKeyValue,
                "self_attn.o_proj",
                "",
                "post_attention_layernorm",
                gateUp,
                "mlp.down_proj",
                "",
                "model.norm",
                "lm_head");
    }

    /** The name of a block, with the dot after it. */
    String block(int layer) {
        return blocks + "." + layer + ".";
    }
}
