package org.moelora.model;

import java.util.List;

/**
 * The text models of Gemma 3 (Gemma Team 2025, arXiv 2503.19786): norms with {@code 1 + weight} before and after each half of a block, normalised heads, a
 * GELU gate, embeddings times {@code sqrt(hidden)}, and layers that see a window and turn by a base of their own between those that see all.
 */
record Gemma3() implements Architecture {
    private static final int QUERY_SCALAR = 256;
    private static final int WINDOW = 4096;
    private static final int PATTERN = 6;

    private static final TensorNames NAMES = new TensorNames(
            "model.embed_tokens",
            "",
            "model.layers",
            "input_layernorm",
            List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
            "self_attn.o_proj",
            "post_attention_layernorm",
            "pre_feedforward_layernorm",
            List.of("mlp.gate_proj", "mlp.up_proj"),
            "mlp.down_proj",
            "post_feedforward_layernorm",
            "model.norm",
            "lm_head");

    @Override
    public String id() {
        return "gemma3_text";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public GgufLayout gguf() {
        return GgufLayout.of("gemma3");
    }

    @Override
    public FamilyDefaults defaults() {
        return FamilyDefaults.GEMMA3;
    }

    @Override
    public DecoderConfig read(ConfigFields config) {
        config.refuse("attention_bias", false, "false: biases on attention are not supported");
        double scalar = config.positive("query_pre_attn_scalar", QUERY_SCALAR);
        Design design = new Design(
                Design.Norm.RMS_PLUS_ONE,
                true,
                true,
                Design.Activation.GELU,
                true,
                false,
                false,
                false,
                1 / Math.sqrt(scalar),
                Math.sqrt(config.hidden()),
                config.windowBetween(WINDOW, PATTERN),
                config.localTheta());
        return config.llama(id(), false, false, design);
    }
}
