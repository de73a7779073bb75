package org.moelora.model;

import java.util.List;

/**
 * GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): learned positions, LayerNorm, biases everywhere, one linear for
 * queries, keys and values, no gate; linears are stored as {@code [in, out]}.
 */
record Gpt2() implements Architecture {
    private static final TensorNames NAMES = new TensorNames(
            "transformer.wte",
            "transformer.wpe",
            "transformer.h",
            "ln_1",
            List.of("attn.c_attn"),
            "attn.c_proj",
            "",
            "ln_2",
            List.of("mlp.c_fc"),
            "mlp.c_proj",
            "",
            "transformer.ln_f",
            "lm_head");

    @Override
    public String id() {
        return "gpt2";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public boolean transposedLinears() {
        return true;
    }

    @Override
    public GgufLayout gguf() {
        return GgufLayout.fused("gpt2");
    }

    @Override
    public FamilyDefaults defaults() {
        return FamilyDefaults.GPT2;
    }

    @Override
    public DecoderConfig read(ConfigFields config) {
        config.noWindows();
        config.refuse("scale_attn_weights", true, "true: attention without a scale is not supported");
        config.refuse("scale_attn_by_inverse_layer_idx", false, "false: a scale of each layer is not supported");
        Design design = new Design(
                Design.Norm.LAYER, false, false, Design.Activation.GELU, false, true, true, false, 0, 1, List.of(), 0);
        return config.gpt2(id(), design);
    }
}
