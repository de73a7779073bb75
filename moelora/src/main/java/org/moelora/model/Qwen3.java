package org.moelora.model;

/** Qwen3 (Yang et al. 2025, arXiv 2505.09388): Llama with each query and key head normalised, and heads of their own width. */
record Qwen3() implements Architecture {
    @Override
    public String id() {
        return "qwen3";
    }

    @Override
    public GgufLayout gguf() {
        return GgufLayout.of("qwen3");
    }

    @Override
    public FamilyDefaults defaults() {
        return FamilyDefaults.QWEN3;
    }

    @Override
    public DecoderConfig read(ConfigFields config) {
        boolean bias = config.flag("attention_bias", false);
        return config.llama(id(), bias, bias, Design.llama(true, config.windowOnUpper()));
    }
}
