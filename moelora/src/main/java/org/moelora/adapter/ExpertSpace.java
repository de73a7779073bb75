package org.moelora.adapter;

/** Where the experts of a linear differ: in both of their factors, in B alone, or in a small core between an A and a B that they share. */
public enum ExpertSpace {
    /** {@code B_e A_e}, with A_e [r, in] and B_e [out, r]. */
    SEPARATE,
    /** {@code B_e A} (HydraLoRA, Tian et al. 2024, arXiv 2404.19245). */
    SHARED_A,
    /**
     * {@code B C_e A} with cores C_e [r, r], which begin at the identity plus noise, so {@code y = W0 x + s B (sum_e g_e C_e) A x}; a gate that looks at
     * tokens reads {@code A x} (CoMoL, arXiv 2603.00573). With all {@code C_e = I} it is LoRA of rank r.
     */
    CORE;

    /** What a linear's C_1 to C_E stacked, [E r, r], are called, after its name. */
    static final String CORES = ".lora_core";

    /** Standard deviation of the noise on the first cores. */
    static final double NOISE = 0.02;
}
