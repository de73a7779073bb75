package org.moelora.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.io.JsonArray;
import org.moelora.engine.io.JsonObject;
import org.moelora.engine.ops.Heads;

/**
 * The fields of a {@code config.json}, each checked as it is read: a {@code null} counts as missing, what is missing has the value that Hugging Face's
 * configuration gives it where it gives one, and what would change the computation in a way that no decoder here follows is refused. Immutable.
 */
final class ConfigFields {
    private static final int MAX_WIDTH = 1 << 20;
    private static final int MAX_LAYERS = 1 << 12;
    private static final int MAX_VOCABULARY = 1 << 24;
    private static final int MAX_IDS = 256;

    private final JsonObject json;
    private final int headDim;
    private final double ropeTheta;
    private final String activationField;
    private final List<String> activations;

    ConfigFields(JsonObject json) {
        this(json, 0, 10_000, "hidden_act", List.of("silu"));
    }

    private ConfigFields(
            JsonObject json, int headDim, double ropeTheta, String activationField, List<String> activations) {
        this.json = json;
        this.headDim = headDim;
        this.ropeTheta = ropeTheta;
        this.activationField = activationField;
        this.activations = activations;
    }

    /** With this {@code head_dim} where there is none; otherwise it is {@code hidden_size / num_attention_heads}. */
    ConfigFields withHeadDim(int otherwise) {
        return new ConfigFields(json, otherwise, ropeTheta, activationField, activations);
    }

    /** With this {@code rope_theta} where there is none. */
    ConfigFields withRopeTheta(double otherwise) {
        return new ConfigFields(json, headDim, otherwise, activationField, activations);
    }

    /** With the field that names the activation, and the names that it may have; the first where there is none. */
    ConfigFields withActivation(String field, List<String> names) {
        return new ConfigFields(json, headDim, ropeTheta, field, names);
    }

    boolean flag(String name, boolean otherwise) {
        return json.flag(name, otherwise);
    }

    /** A number above 0. */
    double positive(String name, double otherwise) {
        double value = json.number(name, otherwise);
        if (!(value > 0 && value < 1e12)) {
            throw json.error(name, "a number above 0 and below 1e12");
        }
        return value;
    }

    int hidden() {
        return bounded("hidden_size", MAX_WIDTH);
    }

    /** Refuses a flag that is not as it has to be. */
    void refuse(String name, boolean needed, String expected) {
        if (json.flag(name, needed) != needed) {
            throw json.error(name, expected);
        }
    }

    /** {@code sliding_window} on all layers; none without it. */
    List<Integer> windowOnAll() {
        return windows(json.has("sliding_window"), 0, layer -> false);
    }

    /** {@code sliding_window} on the layers from {@code max_window_layers} on, if {@code use_sliding_window}. */
    List<Integer> windowOnUpper() {
        int first = json.integer("max_window_layers", 28);
        if (first < 0) {
            throw json.error("max_window_layers", "0 or more");
        }
        return windows(json.flag("use_sliding_window", false) && json.has("sliding_window"), 0, layer -> layer < first);
    }

    /** {@code sliding_window} on all but each layer whose number, from 1, {@code sliding_window_pattern} divides. */
    List<Integer> windowBetween(int otherwise, int pattern) {
        int every = json.positiveInteger("sliding_window_pattern", pattern);
        return windows(true, otherwise, layer -> (layer + 1) % every == 0);
    }

    /**
     * The window of each layer.
     *
     * @param any whether some layer has one
     * @param otherwise its size where {@code sliding_window} does not say it; 0 if it has to
     * @param full which layers have none, where {@code layer_types} does not say it
     */
    private List<Integer> windows(boolean any, int otherwise, IntPredicate full) {
        int layers = layers("num_hidden_layers");
        JsonArray types = json.arrayOrNull("layer_types");
        if (types != null && types.size() != layers) {
            throw json.error("layer_types", "one for each of the " + layers + " layers");
        }
        IntPredicate isFull = types == null ? layer -> !any || full.test(layer) : layer -> isFull(types, layer);
        if (IntStream.range(0, layers).allMatch(isFull)) {
            return List.of();
        }
        int window = otherwise > 0
                ? json.positiveInteger("sliding_window", otherwise)
                : json.positiveInteger("sliding_window");
        return IntStream.range(0, layers)
                .mapToObj(layer -> isFull.test(layer) ? Heads.UNLIMITED : window)
                .toList();
    }

    private static boolean isFull(JsonArray types, int layer) {
        return switch (types.string(layer)) {
            case "full_attention" -> true;
            case "sliding_attention" -> false;
            default -> throw types.error(layer, "full_attention or sliding_attention");
        };
    }

    /** A decoder whose fields are named as Llama's. */
    DecoderConfig llama(String architecture, boolean attentionBias, boolean outputBias, boolean tied, Design design) {
        checkCommon();
        int hidden = hidden();
        int heads = bounded("num_attention_heads", MAX_WIDTH);
        int kvHeads = json.has("num_key_value_heads") ? bounded("num_key_value_heads", heads) : heads;
        if (heads % kvHeads != 0) {
            throw json.error("num_key_value_heads", "a divisor of num_attention_heads, " + heads);
        }
        int width = headDim(hidden, heads);
        double eps = fraction("rms_norm_eps", 1e-6);
        int vocabulary = bounded("vocab_size", MAX_VOCABULARY);
        int layers = layers("num_hidden_layers");
        double theta = theta();
        RopeScaling scaling = scaling();
        int positions = json.positiveInteger("max_position_embeddings", 2048);
        return new DecoderConfig(
                architecture,
                hidden,
                bounded("intermediate_size", MAX_WIDTH),
                layers,
                vocabulary,
                heads,
                kvHeads,
                width,
                (float) eps,
                theta,
                scaling,
                positions,
                json.flag("tie_word_embeddings", tied),
                attentionBias,
                outputBias,
                tokenId("bos_token_id", vocabulary),
                tokenIds("eos_token_id", vocabulary),
                design);
    }

    /** A decoder whose fields are named as GPT-2's. */
    DecoderConfig gpt2(String architecture, Design design) {
        checkCommon();
        int hidden = bounded("n_embd", MAX_WIDTH);
        int heads = bounded("n_head", MAX_WIDTH);
        if (hidden % heads != 0) {
            throw json.error("n_head", "a divisor of n_embd, " + hidden);
        }
        int vocabulary = bounded("vocab_size", MAX_VOCABULARY);
        int inner = json.has("n_inner") ? bounded("n_inner", MAX_WIDTH) : Math.multiplyExact(4, hidden);
        return new DecoderConfig(
                architecture,
                hidden,
                inner,
                layers("n_layer"),
                vocabulary,
                heads,
                heads,
                hidden / heads,
                (float) fraction("layer_norm_epsilon", 1e-5),
                ropeTheta,
                null,
                bounded("n_positions", MAX_VOCABULARY),
                json.flag("tie_word_embeddings", true),
                true,
                true,
                tokenId("bos_token_id", vocabulary),
                tokenIds("eos_token_id", vocabulary),
                design);
    }

    /** What no family here may ask for. */
    private void checkCommon() {
        String activation = json.string(activationField, activations.getFirst());
        if (!activations.contains(activation)) {
            throw json.error(activationField, String.join(" or ", activations));
        }
        for (String field : List.of("quantization", "quantization_config")) {
            if (json.has(field)) {
                throw json.error(field, "a checkpoint in float32, bfloat16 or float16");
            }
        }
        for (String field : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
            if (json.has(field)) {
                throw json.error(field, "none: capped scores are not supported");
            }
        }
        for (String field :
                List.of("attention_multiplier", "residual_multiplier", "embedding_multiplier", "logits_scaling")) {
            if (json.has(field)) {
                throw json.error(field, "none: scaled parts are not supported");
            }
        }
        refuse("use_bidirectional_attention", false, "false: only causal attention is supported");
        if (json.number("partial_rotary_factor", 1) != 1) {
            throw json.error("partial_rotary_factor", "1: turning a part of each head is not supported");
        }
    }

    private int headDim(int hidden, int heads) {
        boolean given = json.has("head_dim");
        if (!given && headDim == 0 && hidden % heads != 0) {
            throw json.error(
                    "num_attention_heads", "a divisor of hidden_size, " + hidden + ", as there is no head_dim");
        }
        int width = given ? bounded("head_dim", MAX_WIDTH) : headDim > 0 ? headDim : hidden / heads;
        if (width % 2 != 0) {
            throw json.error(given ? "head_dim" : "num_attention_heads", "a head dimension that is even");
        }
        if ((long) heads * width > MAX_WIDTH) {
            throw json.error("num_attention_heads", "heads times head_dim of at most " + MAX_WIDTH);
        }
        return width;
    }

    /**
     * Where the fields of rope are: {@code rope_parameters} holds them all in newer files, per kind of layer where kinds differ.
     *
     * @param kind of layer, e.g. {@code full_attention}
     */
    private JsonObject rope(String kind) {
        JsonObject parameters = json.objectOrNull("rope_parameters");
        if (parameters == null) {
            return json;
        }
        JsonObject ofKind = parameters.objectOrNull(kind);
        return ofKind == null ? parameters : ofKind;
    }

    private double theta() {
        return theta(rope("full_attention"), "rope_theta", ropeTheta);
    }

    /** Base of the rotary frequencies of layers with a window. */
    double localTheta(double otherwise) {
        return json.has("rope_parameters")
                ? theta(rope("sliding_attention"), "rope_theta", otherwise)
                : theta(json, "rope_local_base_freq", otherwise);
    }

    private static double theta(JsonObject fields, String name, double otherwise) {
        double theta = fields.number(name, otherwise);
        if (!(theta > 1 && theta < 1e12)) {
            throw fields.error(name, "a number above 1 and below 1e12");
        }
        return theta;
    }

    private @Nullable RopeScaling scaling() {
        JsonObject fields = json.has("rope_parameters") ? rope("full_attention") : json.objectOrNull("rope_scaling");
        return fields == null ? null : RopeScaling.read(fields);
    }

    private double fraction(String name, double otherwise) {
        double value = json.number(name, otherwise);
        if (!((float) value > 0 && value < 1)) {
            throw json.error(name, "a number above 0 and below 1");
        }
        return value;
    }

    private int layers(String name) {
        return bounded(name, MAX_LAYERS);
    }

    private int bounded(String name, int most) {
        int value = json.positiveInteger(name);
        if (value > most) {
            throw json.error(name, "at most " + most);
        }
        return value;
    }

    private @Nullable Integer tokenId(String name, int vocabulary) {
        List<Integer> ids = tokenIds(name, vocabulary);
        return ids.isEmpty() ? null : ids.getFirst();
    }

    /**
     * @throws InputException if one is not below the vocabulary's size
     */
    private List<Integer> tokenIds(String name, int vocabulary) {
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
