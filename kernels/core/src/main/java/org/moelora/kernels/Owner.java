package org.moelora.kernels;

/** Who a lease of device memory is accounted to. */
public enum Owner {
    /** Weights of a base model. */
    MODEL,
    /** Values and gradients of an adapter, or of a model in training. */
    ADAPTER,
    /** Intermediates of one forward and backward pass, and their gradients. */
    TAPE,
    /** What an op needs only while it runs. */
    SCRATCH,
    /** Moments of an optimizer. */
    OPTIMIZER,
    /** Keys and values of a generation. */
    CACHE
}
