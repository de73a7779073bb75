package org.moelora.model;

/** Mistral (Jiang et al. 2023, arXiv 2310.06825): Llama with a window of keys on all layers, in its first version. */
record Mistral() implements Architecture {
    private static final int WINDOW = 4096;

    @Override
    public String id() {
        return "mistral";
    }

    @Override
    public FamilyDefaults defaults() {
        return FamilyDefaults.MISTRAL;
    }

    @Override
    public DecoderConfig read(ConfigFields config) {
        config.refuse("attention_bias", false, "false: this family has no biases on attention");
        return config.llama(id(), false, false, Design.llama(false, config.windowOnAll(WINDOW)));
    }
}
