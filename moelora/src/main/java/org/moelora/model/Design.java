package org.moelora.model;

import java.util.List;
import org.moelora.engine.ops.Heads;

/**
 * In what a family's decoder differs from Llama's: every block is {@code x + attention(norm(x))}, then {@code x + mlp(norm(x))}, and these are the places
 * where families choose.
 *
 * @param norm how rows are normalised
 * @param headNorms whether each query and key head is normalised before it is turned (Qwen3, Gemma 3)
 * @param resultNorms whether what attention and feed-forward give is normalised before it is added (Gemma 3)
 * @param activation between the linears of the feed-forward block
 * @param gated whether the feed-forward block is {@code down(activation(gate(x)) .* up(x))}; otherwise {@code down(activation(up(x)))}
 * @param feedForwardBias whether the feed-forward linears have biases
 * @param learnedPositions whether positions have an embedding each; otherwise queries and keys are turned by their position (rope)
 * @param interleavedRope whether rope turns the features 2i and 2i + 1 of a head together; otherwise i and i + headDim / 2
 * @param attentionScale factor on the scores; 0 for {@code 1 / sqrt(headDim)}
 * @param embeddingScale factor on embeddings, usually 1
 * @param windows the most keys that a query sees, per layer; empty where no layer has a window
 * @param localRopeTheta base of the rotary frequencies of layers with a window, which are then not stretched; 0 for that of all layers
 */
public record Design(
        Norm norm,
        boolean headNorms,
        boolean resultNorms,
        Activation activation,
        boolean gated,
        boolean feedForwardBias,
        boolean learnedPositions,
        boolean interleavedRope,
        double attentionScale,
        double embeddingScale,
        List<Integer> windows,
        double localRopeTheta) {
    /** How rows are normalised. */
    public enum Norm {
        /** RMSNorm with its weight. */
        RMS,
        /** RMSNorm with {@code 1 + weight}, as Gemma stores it. */
        RMS_PLUS_ONE,
        /** LayerNorm with weight and bias. */
        LAYER
    }

    /** What stands between the linears of a feed-forward block. */
    public enum Activation {
        /** {@code x sigmoid(x)}. */
        SILU,
        /** GELU in its form with tanh. */
        GELU
    }

    /** Llama's. */
    public static final Design LLAMA =
            new Design(Norm.RMS, false, false, Activation.SILU, true, false, false, false, 0, 1, List.of(), 0);

    public Design {
        windows = List.copyOf(windows);
    }

    /** Llama's with a window on some layers, and head norms or not. */
    static Design llama(boolean headNorms, List<Integer> windows) {
        return new Design(Norm.RMS, headNorms, false, Activation.SILU, true, false, false, false, 0, 1, windows, 0);
    }

    /** This design as a GGUF file has it: norms with their 1 already added, and rows of queries and keys in its own order. */
    Design inGguf(boolean interleaved) {
        return new Design(
                norm == Norm.RMS_PLUS_ONE ? Norm.RMS : norm,
                headNorms,
                resultNorms,
                activation,
                gated,
                feedForwardBias,
                learnedPositions,
                interleaved,
                attentionScale,
                embeddingScale,
                windows,
                localRopeTheta);
    }

    /** The most keys that a query of a layer sees. */
    public int window(int layer) {
        return windows.isEmpty() ? Heads.UNLIMITED : windows.get(layer);
    }

    /** Whether a layer turns by {@link #localRopeTheta}. */
    boolean isLocal(int layer) {
        return localRopeTheta > 0 && window(layer) != Heads.UNLIMITED;
    }
}
