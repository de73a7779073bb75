package org.moelora.model;

/** Mistral (Jiang et al. 2023, arXiv 2310.06825): Llama with a window of keys on all layers, in its first version. */
record Mistral() implements Architecture {
    @Override
    public String id() {
        return "mistral";
    }

    @Override
    public DecoderConfig read(ConfigFields config) {
        return config.llama(id(), false, false, false, Design.llama(false, config.windowOnAll()));
    }
}
