package org.moelora.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.LinearSite;
import org.moelora.engine.InputException;
import org.moelora.engine.ops.Heads;

/**
 * Sizes and constants of a decoder, as {@code config.json} of a Hugging Face folder or the keys of a GGUF file give them.
 *
 * @param architecture the family, as {@code model_type} names it: {@code llama}, {@code mistral}, {@code qwen2}, {@code qwen3}, {@code gemma3_text},
 *     {@code phi3} or {@code gpt2}
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width of the feed-forward block
 * @param layers number of blocks
 * @param vocabularySize entries of the embedding table
 * @param heads query heads
 * @param kvHeads key/value heads; divides heads
 * @param headDim width of one head; even
 * @param normEps epsilon of RMSNorm
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling how rotary frequencies are stretched, or null
 * @param maxPositions longest sequence the model was made for
 * @param tiedEmbeddings whether the last linear is the embedding table
 * @param attentionBias whether q, k and v have biases
 * @param outputBias whether o has a bias
 * @param bosId token that begins a text, or null
 * @param eosIds tokens that end a text
 * @param design in what its blocks differ from Llama's
 */
public record DecoderConfig(
        String architecture,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int vocabularySize,
        int heads,
        int kvHeads,
        int headDim,
        float normEps,
        double ropeTheta,
        @Nullable RopeScaling ropeScaling,
        int maxPositions,
        boolean tiedEmbeddings,
        boolean attentionBias,
        boolean outputBias,
        @Nullable Integer bosId,
        List<Integer> eosIds,
        Design design) {
    public DecoderConfig {
        eosIds = List.copyOf(eosIds);
    }

    /** A decoder of Llama's design. */
    public DecoderConfig(
            String architecture,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int vocabularySize,
            int heads,
            int kvHeads,
            int headDim,
            float normEps,
            double ropeTheta,
            @Nullable RopeScaling ropeScaling,
            int maxPositions,
            boolean tiedEmbeddings,
            boolean attentionBias,
            boolean outputBias,
            @Nullable Integer bosId,
            List<Integer> eosIds) {
        this(
                architecture,
                hiddenSize,
                intermediateSize,
                layers,
                vocabularySize,
                heads,
                kvHeads,
                headDim,
                normEps,
                ropeTheta,
                ropeScaling,
                maxPositions,
                tiedEmbeddings,
                attentionBias,
                outputBias,
                bosId,
                eosIds,
                Design.LLAMA);
    }

    private DecoderConfig with(@Nullable RopeScaling scaling, Design blocks, boolean tied, List<Integer> ends) {
        return new DecoderConfig(
                architecture,
                hiddenSize,
                intermediateSize,
                layers,
                vocabularySize,
                heads,
                kvHeads,
                headDim,
                normEps,
                ropeTheta,
                scaling,
                maxPositions,
                tied,
                attentionBias,
                outputBias,
                bosId,
                ends,
                blocks);
    }

    /** With another scaling of rope. */
    DecoderConfig with(RopeScaling scaling) {
        return with(scaling, design, tiedEmbeddings, eosIds);
    }

    /** With other tokens that end a text. */
    DecoderConfig withEnds(List<Integer> ends) {
        return with(ropeScaling, design, tiedEmbeddings, ends);
    }

    /** With a last linear of its own. */
    DecoderConfig untied() {
        return with(ropeScaling, design, false, eosIds);
    }

    /** With another design of its blocks. */
    DecoderConfig with(Design blocks) {
        return with(ropeScaling, blocks, tiedEmbeddings, eosIds);
    }

    /**
     * Reads {@code config.json}.
     *
     * @throws InputException if a field is missing, out of range or asks for something that this decoder does not do
     */
    public static DecoderConfig read(Path file) {
        return Architectures.read(file);
    }

    /**
     * Angle per position step of each pair of features: {@code theta^(-2i / headDim)}, stretched by the scaling if there is one.
     *
     * @return [headDim / 2]
     */
    public double[] ropeFrequencies() {
        double[] frequencies = ropeFrequencies(ropeTheta);
        return ropeScaling == null ? frequencies : ropeScaling.apply(frequencies);
    }

    /** {@link #ropeFrequencies()} of the layers with a window, where {@link Design#localRopeTheta} gives them a base of their own. */
    double[] localRopeFrequencies() {
        return ropeFrequencies(design.localRopeTheta());
    }

    private double[] ropeFrequencies(double theta) {
        double[] frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(theta, -2.0 * i / headDim);
        }
        return frequencies;
    }

    /** How a layer attends. */
    Heads heads(int layer) {
        double scale = design.attentionScale() > 0 ? design.attentionScale() : 1 / Math.sqrt(headDim);
        return new Heads(heads, kvHeads, headDim, (float) scale, design.window(layer));
    }

    /** The linears of every block, bottom to top: where adapters can sit. */
    public List<LinearSite> linears() {
        TensorNames names = Architectures.of(architecture).names();
        List<LinearSite> sites = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            List<Weights.LinearShape> linears = Weights.linears(this, names, layer);
            for (int i = 0; i < linears.size(); i++) {
                Weights.LinearShape linear = linears.get(i);
                boolean paired = design.interleavedRope() && i < 2; // queries and keys, which come first
                sites.add(new LinearSite(
                        linear.name(), layer, linear.in(), linear.out(), linear.reads(), paired ? headDim : 0));
            }
        }
        return List.copyOf(sites);
    }

    /** Width of all query heads together. */
    public int queryWidth() {
        return heads * headDim;
    }

    /** Width of all key, or value, heads together. */
    public int keyWidth() {
        return kvHeads * headDim;
    }
}
