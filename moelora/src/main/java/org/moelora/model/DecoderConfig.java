package org.moelora.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.adapter.LinearSite;
import org.moelora.engine.InputException;
import org.moelora.engine.io.Json;
import org.moelora.engine.io.JsonArray;
import org.moelora.engine.io.JsonObject;

/**
 * Sizes and constants of a decoder of the Llama family, as {@code config.json} of a Hugging Face folder gives them.
 *
 * @param architecture {@code llama} or {@code qwen2}
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
        List<Integer> eosIds) {
    private static final int MAX_WIDTH = 1 << 20;
    private static final int MAX_LAYERS = 1 << 12;
    private static final int MAX_VOCABULARY = 1 << 24;
    private static final int MAX_IDS = 256;

    public DecoderConfig {
        eosIds = List.copyOf(eosIds);
    }

    /**
     * Reads {@code config.json}.
     *
     * @throws InputException if a field is missing, out of range or asks for something that this decoder does not do
     */
    public static DecoderConfig read(Path file) {
        JsonObject json = Json.read(file);
        String architecture = json.string("model_type");
        if (!architecture.equals("llama") && !architecture.equals("qwen2")) {
            throw json.error("model_type", "an architecture that is supported: llama or qwen2");
        }
        if (!json.string("hidden_act", "silu").equals("silu")) {
            throw json.error("hidden_act", "silu");
        }
        if (json.flag("mlp_bias", false)) {
            throw json.error("mlp_bias", "false: biases in the feed-forward block are not supported");
        }
        if (json.has("quantization_config") || json.has("quantization")) {
            throw json.error(
                    json.has("quantization") ? "quantization" : "quantization_config",
                    "a checkpoint in float32, bfloat16 or float16");
        }
        if (json.flag("use_sliding_window", false)) {
            throw json.error("use_sliding_window", "false: attention over a window is not supported");
        }
        int hidden = bounded(json, "hidden_size", MAX_WIDTH);
        int heads = bounded(json, "num_attention_heads", MAX_WIDTH);
        int kvHeads = json.has("num_key_value_heads") ? bounded(json, "num_key_value_heads", heads) : heads;
        if (heads % kvHeads != 0) {
            throw json.error("num_key_value_heads", "a divisor of num_attention_heads, " + heads);
        }
        if (!json.has("head_dim") && hidden % heads != 0) {
            throw json.error(
                    "num_attention_heads", "a divisor of hidden_size, " + hidden + ", as there is no head_dim");
        }
        int headDim = json.has("head_dim") ? bounded(json, "head_dim", MAX_WIDTH) : hidden / heads;
        if (headDim % 2 != 0) {
            throw json.error(
                    json.has("head_dim") ? "head_dim" : "num_attention_heads", "a head dimension that is even");
        }
        if ((long) heads * headDim > MAX_WIDTH) {
            throw json.error("num_attention_heads", "heads times head_dim of at most " + MAX_WIDTH);
        }
        double eps = json.number("rms_norm_eps", 1e-6);
        if (!(eps > 0 && eps < 1)) {
            throw json.error("rms_norm_eps", "a number above 0 and below 1");
        }
        double theta = json.number("rope_theta", 10_000);
        if (!(theta > 1 && theta < 1e12)) {
            throw json.error("rope_theta", "a number above 1");
        }
        int vocabulary = bounded(json, "vocab_size", MAX_VOCABULARY);
        boolean qwen = architecture.equals("qwen2");
        boolean bias = json.flag("attention_bias", false);
        return new DecoderConfig(
                architecture,
                hidden,
                bounded(json, "intermediate_size", MAX_WIDTH),
                bounded(json, "num_hidden_layers", MAX_LAYERS),
                vocabulary,
                heads,
                kvHeads,
                headDim,
                (float) eps,
                theta,
                RopeScaling.read(json),
                json.positiveInteger("max_position_embeddings", 2048),
                json.flag("tie_word_embeddings", false),
                qwen || bias,
                !qwen && bias,
                tokenId(json, "bos_token_id", vocabulary),
                tokenIds(json, "eos_token_id", vocabulary));
    }

    /**
     * Angle per position step of each pair of features: {@code theta^(-2i / headDim)}, stretched by the scaling if there is one.
     *
     * @return [headDim / 2]
     */
    public double[] ropeFrequencies() {
        double[] frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(ropeTheta, -2.0 * i / headDim);
        }
        return ropeScaling == null ? frequencies : ropeScaling.apply(frequencies);
    }

    /** The seven linears of every block, bottom to top: where adapters can sit. */
    public List<LinearSite> linears() {
        List<LinearSite> sites = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            String prefix = "model.layers." + layer + ".";
            sites.add(new LinearSite(prefix + "self_attn.q_proj", layer, hiddenSize, queryWidth()));
            sites.add(new LinearSite(prefix + "self_attn.k_proj", layer, hiddenSize, keyWidth()));
            sites.add(new LinearSite(prefix + "self_attn.v_proj", layer, hiddenSize, keyWidth()));
            sites.add(new LinearSite(prefix + "self_attn.o_proj", layer, queryWidth(), hiddenSize));
            sites.add(new LinearSite(prefix + "mlp.gate_proj", layer, hiddenSize, intermediateSize));
            sites.add(new LinearSite(prefix + "mlp.up_proj", layer, hiddenSize, intermediateSize));
            sites.add(new LinearSite(prefix + "mlp.down_proj", layer, intermediateSize, hiddenSize));
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

    private static int bounded(JsonObject json, String name, int most) {
        int value = json.positiveInteger(name);
        if (value > most) {
            throw json.error(name, "at most " + most);
        }
        return value;
    }

    private static @Nullable Integer tokenId(JsonObject json, String name, int vocabulary) {
        List<Integer> ids = tokenIds(json, name, vocabulary);
        return ids.isEmpty() ? null : ids.getFirst();
    }

    private static List<Integer> tokenIds(JsonObject json, String name, int vocabulary) {
        List<Integer> ids = new ArrayList<>();
        if (json.get(name) instanceof JsonArray array) {
            if (array.size() > MAX_IDS) {
                throw json.error(name, "at most " + MAX_IDS + " token ids");
            }
            for (int id : array.integers()) {
                ids.add(id);
            }
        } else {
            json.optionalInteger(name).ifPresent(ids::add);
        }
        for (int id : ids) {
            if (id < 0 || id >= vocabulary) {
                throw json.error(name, "token ids below vocab_size, " + vocabulary);
            }
        }
        return ids;
    }
}
