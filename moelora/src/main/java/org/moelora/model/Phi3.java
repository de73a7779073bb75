package org.moelora.model;

import java.util.List;

/**
 * Phi-3 (Abdin et al. 2024, arXiv 2404.14219): Llama with one linear for queries, keys and values, one for gate and up, and a window of keys.
 */
record Phi3() implements Architecture {
    private static final TensorNames NAMES =
            TensorNames.llama(List.of("self_attn.qkv_proj"), List.of("mlp.gate_up_proj"));

    @Override
    public String id() {
        return "phi3";
    }

    @Override
    public TensorNames names() {
        return NAMES;
    }

    @Override
    public GgufLayout gguf() {
        return GgufLayout.fused("phi3");
    }

    @Override
    public FamilyDefaults defaults() {
        return FamilyDefaults.PHI3;
    }

    @Override
    public DecoderConfig read(ConfigFields config) {
        config.refuse("attention_bias", false, "false: this family has no biases on attention");
        return config.llama(id(), false, false, Design.llama(false, config.windowOnAll(0)));
    }
}
