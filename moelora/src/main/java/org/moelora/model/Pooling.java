package org.moelora.model;

/** How the hidden states h_1 ... h_T of a text's tokens become one vector v, before it is normalised: {@link LanguageModel#embed}. */
public enum Pooling {
    /** {@code v = sum_t h_t / T}, over all tokens, those included that the tokenizer puts around a text. */
    MEAN,
    /** {@code v = h_T}, the only one that has seen the whole text. What models for embeddings made of decoders are mostly trained with. */
    LAST
}
