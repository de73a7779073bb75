package org.moelora.model;

/**
 * Llama 2 and 3 (Touvron et al. 2023, arXiv 2307.09288; Grattafiori et al. 2024, arXiv 2407.21783), and the many models that have its shape, such as
 * TinyLlama and SmolLM2.
 */
record Llama() implements Architecture {
    @Override
    public String id() {
        return "llama";
    }

    @Override
    public GgufLayout gguf() {
        return GgufLayout.llama();
    }

    @Override
    public FamilyDefaults defaults() {
        return FamilyDefaults.LLAMA;
    }

    @Override
    public DecoderConfig read(ConfigFields config) {
        config.noWindows();
        boolean bias = config.flag("attention_bias", false);
        return config.llama(id(), bias, bias, Design.LLAMA);
    }
}
