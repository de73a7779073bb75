package org.moelora.adapter;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.GatedUpdate;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Repeat;

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

    /**
     * u_1 to u_E side by side: {@code A_e x}, the same {@code A x} for every expert, or {@code C_e A x}.
     *
     * @param ax the product of x with all that is in A, {@code [T, E r]} or {@code [T, r]}
     * @return [T, E r]
     */
    Tensor ofExperts(Tape tape, Tensor ax, int experts, @Nullable Parameter cores) {
        return switch (this) {
            case SEPARATE -> ax;
            case SHARED_A -> Repeat.apply(tape, ax, experts);
            case CORE -> Linear.apply(tape, ax, Objects.requireNonNull(cores), null);
        };
    }

    /** B_1 to B_E side by side, [out, E r]. */
    Tensor bOfExperts(Tape tape, Tensor b, int experts) {
        return this == CORE ? Repeat.apply(tape, b, experts) : b;
    }

    /**
     * {@code y = y0 + s sum_e g_e B_e u_e}, in the place of y0; with one B it is {@code y0 + s B sum_e g_e u_e}.
     *
     * @param u [T, E r]
     * @param gate g [T, E]
     * @param b [out, E r], or [out, r] of experts in core space
     */
    Tensor update(Tape tape, Tensor y0, Tensor u, Tensor gate, Tensor b, float scale) {
        return this == CORE
                ? GatedUpdate.apply(tape, y0, sum(tape, u, gate, b.shape().dim(1)), null, b, scale)
                : GatedUpdate.apply(tape, y0, u, gate, b, scale);
    }

    /** {@code sum_e g_e u_e}, [T, r]: an update of nothing by E identities side by side. */
    private static Tensor sum(Tape tape, Tensor u, Tensor gate, int rank) {
        int tokens = u.shape().rows();
        int width = u.shape().cols();
        float[] identities = new float[rank * width];
        for (int i = 0; i < width; i++) {
            identities[i % rank * width + i] = 1;
        }
        return GatedUpdate.apply(
                tape,
                tape.constant(new float[tokens * rank], tokens, rank),
                u,
                gate,
                tape.constant(identities, rank, width),
                1);
    }
}
