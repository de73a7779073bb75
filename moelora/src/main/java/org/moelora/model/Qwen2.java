package org.moelora.model;

/** Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv 2407.10671; 2412.15115): Llama with biases on queries, keys and values. */
record Qwen2() implements Architecture {
    @Override
    public String id() {
        return "qwen2";
    }

    @Override
    public GgufLayout gguf() {
        return GgufLayout.of("qwen2");
    }

    @Override
    public FamilyDefaults defaults() {
        return FamilyDefaults.QWEN2;
    }

    @Override
    public DecoderConfig read(ConfigFields config) {
        return config.llama(id(), true, false, Design.llama(false, config.windowOnUpper()));
    }
}
