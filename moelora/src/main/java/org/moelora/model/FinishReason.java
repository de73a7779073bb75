package org.moelora.model;

/** Why a text ended. */
public enum FinishReason {
    /** The model chose a token that ends texts, or the last token of one of the {@link Request.Builder#choices choices}. */
    STOP,
    /** A stop sequence appeared. */
    STOP_SEQUENCE,
    /** It has as many tokens as were asked for, or the model has positions for no more. */
    LENGTH,
    /** The request was cancelled, or its thread interrupted. */
    CANCELLED,
    /** The request's time was up. */
    DEADLINE
}
