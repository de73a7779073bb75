package org.moelora.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.ops.Heads;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;

/**
 * The fields of a {@code config.json}, each checked as it is read: what is missing has the value that the family's configuration gives it in transformers,
 * {@code null} is no value, and what would change the computation in a way that no decoder here follows is refused. Which fields were read is kept, so that
 * the others can be listed.
 */
final class ConfigFields {
    private static final int MAX_WIDTH = 1 << 20;
    static final int MAX_LAYERS = 1 << 12;
    private static final int MAX_VOCABULARY = 1 << 24;
    private static final int MAX_IDS = 256;
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    private final JsonObject json;
    private final FamilyDefaults defaults;
    private final Set<String> read = new HashSet<>(Set.of("model_type"));
    private final Set<String> unusedOfRope = new TreeSet<>();

    ConfigFields(JsonObject json, FamilyDefaults defaults) {
        this.json = json;
        this.defaults = defaults;
    }

    /** The object, of which this field is read. */
    private JsonObject of(String name) {
        read.add(name);
        return json;
    }

    /** Fields that were not read and say something, those of rope with a dot in them. */
    Set<String> unused() {
        Set<String> unused = new TreeSet<>(unusedOfRope);
        for (String name : json.names()) {
            if (!read.contains(name) && !OtherFields.isNeutral(json.get(name))) {
                unused.add(name);
            }
        }
        return unused;
    }

    boolean flag(String name, boolean otherwise) {
        return of(name).flag(name, otherwise);
    }

    /** A number above 0. */
    double positive(String name, double otherwise) {
        double value = of(name).number(name, otherwise);
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
        if (of(name).flag(name, needed) != needed) {
            throw json.error(name, expected);
        }
    }

    /** Whether a field is there and {@code null}, which is not the same as missing for some. */
    private boolean isNull(String name) {
        return json.names().contains(name) && !of(name).has(name);
    }

    /** Refuses windows, for families without. */
    void noWindows() {
        if (of("sliding_window").has("sliding_window")) {
            throw json.error("sliding_window", "none: this family has no window of keys");
        }
        JsonArray types = of("layer_types").arrayOrNull("layer_types");
        for (int layer = 0; types != null && layer < types.size(); layer++) {
            if (!isFull(types, layer)) {
                throw types.error(layer, "full_attention: this family has no window of keys");
            }
        }
    }

    /**
     * {@code sliding_window} on all layers; none if it is {@code null}.
     *
     * @param otherwise the window where the field is missing; 0 for none
     */
    List<Integer> windowOnAll(int otherwise) {
        boolean any = of("sliding_window").has("sliding_window") || (otherwise > 0 && !isNull("sliding_window"));
        List<Integer> windows = windows(any, otherwise, layer -> false);
        boolean mixed = json.has("layer_types")
                && (any ? windows.isEmpty() || windows.contains(Heads.UNLIMITED) : !windows.isEmpty());
        if (mixed) {
            throw json.error("layer_types", "the same kind for all layers, as sliding_window says it for all");
        }
        return windows;
    }

    /** {@code sliding_window} on the layers from {@code max_window_layers} on, if {@code use_sliding_window}. */
    List<Integer> windowOnUpper() {
        int first = of("max_window_layers").integer("max_window_layers", 28);
        if (first < 0) {
            throw json.error("max_window_layers", "0 or more");
        }
        boolean any = flag("use_sliding_window", false) && !isNull("sliding_window");
        List<Integer> windows = windows(any, 4096, layer -> layer < first);
        if (!any && !windows.isEmpty()) {
            throw json.error("layer_types", "full_attention on all layers, as use_sliding_window is not true");
        }
        return windows;
    }

    /** {@code sliding_window} on all but each layer whose number, from 1, {@code sliding_window_pattern} divides. */
    List<Integer> windowBetween(int otherwise, int pattern) {
        int every = of("sliding_window_pattern").positiveInteger("sliding_window_pattern", pattern);
        List<Integer> windows = windows(true, otherwise, layer -> (layer + 1) % every == 0);
        if (!windows.isEmpty() && isNull("sliding_window")) {
            throw json.error("sliding_window", "a positive integer, as there are layers with a window");
        }
        return windows;
    }

    /**
     * The window of each layer.
     *
     * @param any whether some layer has one
     * @param otherwise its size where {@code sliding_window} does not say it; 0 if it has to say it
     * @param full which layers have none, where {@code layer_types} does not say it
     */
    private List<Integer> windows(boolean any, int otherwise, IntPredicate full) {
        int layers = layers("num_hidden_layers");
        JsonArray types = of("layer_types").arrayOrNull("layer_types");
        if (types != null && types.size() != layers) {
            throw json.error("layer_types", "one for each of the " + layers + " layers");
        }
        IntPredicate isFull = types == null ? layer -> !any || full.test(layer) : layer -> isFull(types, layer);
        if (IntStream.range(0, layers).allMatch(isFull)) {
            return List.of();
        }
        int window = otherwise > 0
                ? of("sliding_window").positiveInteger("sliding_window", otherwise)
                : of("sliding_window").positiveInteger("sliding_window");
        return IntStream.range(0, layers)
                .mapToObj(layer -> isFull.test(layer) ? Heads.UNLIMITED : window)
                .toList();
    }

    private static boolean isFull(JsonArray types, int layer) {
        return switch (types.string(layer)) {
            case FULL -> true;
            case SLIDING -> false;
            default -> throw types.error(layer, "full_attention or sliding_attention");
        };
    }

    /** A decoder whose fields are named as Llama's. */
    DecoderConfig llama(String architecture, boolean attentionBias, boolean outputBias, Design design) {
        checkCommon();
        if (!design.headNorms()) {
            OtherFields.refuseHeadNorms(json);
        }
        int hidden = hidden();
        int heads = bounded("num_attention_heads", MAX_WIDTH);
        int kvHeads = kvHeads(heads);
        int width = headDim(hidden, heads);
        double eps = fraction("rms_norm_eps");
        int vocabulary = bounded("vocab_size", MAX_VOCABULARY);
        int layers = layers("num_hidden_layers");
        int positions = of("max_position_embeddings").positiveInteger("max_position_embeddings", defaults.positions());
        RopeFields rope = rope();
        double theta = rope.theta(of("rope_theta"), "rope_theta", defaults.ropeTheta());
        RopeScaling scaling = rope.scaling(positions);
        rope.unused().forEach(name -> unusedOfRope.add("rope." + name));
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
                flag("tie_word_embeddings", defaults.tied()),
                attentionBias,
                outputBias,
                bosId(vocabulary),
                eosIds(vocabulary),
                design);
    }

    private int kvHeads(int heads) {
        String name = "num_key_value_heads";
        int kvHeads = of(name).has(name)
                ? bounded(name, heads)
                : defaults.kvHeads() > 0 && !isNull(name) ? defaults.kvHeads() : heads;
        if (kvHeads > heads || heads % kvHeads != 0) {
            throw json.error(name, "a divisor of num_attention_heads, " + heads);
        }
        return kvHeads;
    }

    /** A decoder whose fields are named as GPT-2's. */
    DecoderConfig gpt2(String architecture, Design design) {
        checkCommon();
        OtherFields.refuseHeadNorms(json);
        alias("n_embd", "hidden_size");
        alias("n_head", "num_attention_heads");
        alias("n_layer", "num_hidden_layers");
        alias("n_positions", "max_position_embeddings");
        int hidden = bounded("n_embd", MAX_WIDTH);
        int heads = bounded("n_head", MAX_WIDTH);
        if (hidden % heads != 0) {
            throw json.error("n_head", "a divisor of n_embd, " + hidden);
        }
        int vocabulary = bounded("vocab_size", MAX_VOCABULARY);
        int inner = of("n_inner").has("n_inner") ? bounded("n_inner", MAX_WIDTH) : Math.multiplyExact(4, hidden);
        return new DecoderConfig(
                architecture,
                hidden,
                inner,
                layers("n_layer"),
                vocabulary,
                heads,
                heads,
                hidden / heads,
                (float) fraction("layer_norm_epsilon"),
                defaults.ropeTheta(),
                null,
                bounded("n_positions", MAX_VOCABULARY),
                flag("tie_word_embeddings", defaults.tied()),
                true,
                true,
                bosId(vocabulary),
                eosIds(vocabulary),
                design);
    }

    /** Another name of a field, which may be there beside it and say the same. */
    private void alias(String name, String other) {
        if (of(other).has(other) && json.integer(other) != json.integer(name)) {
            throw json.error(other, "the same as " + name + ", " + json.integer(name));
        }
    }

    /** What no family here may ask for. */
    private void checkCommon() {
        String field = defaults.activationField();
        String activation = of(field).string(field, defaults.activations().getFirst());
        if (!defaults.activations().contains(activation)) {
            throw json.error(field, String.join(" or ", defaults.activations()));
        }
        refuse("mlp_bias", false, "false: biases in the feed-forward block are not supported");
        read.addAll(OtherFields.refuse(json));
    }

    private int headDim(int hidden, int heads) {
        boolean given = of("head_dim").has("head_dim");
        int usual = defaults.headDim();
        if (!given && usual == 0 && hidden % heads != 0) {
            throw json.error(
                    "num_attention_heads", "a divisor of hidden_size, " + hidden + ", as there is no head_dim");
        }
        int width = given ? bounded("head_dim", MAX_WIDTH) : usual > 0 ? usual : hidden / heads;
        if (width % 2 != 0) {
            throw json.error(given ? "head_dim" : "num_attention_heads", "a head dimension that is even");
        }
        if ((long) heads * width > MAX_WIDTH) {
            throw json.error("num_attention_heads", "heads times head_dim of at most " + MAX_WIDTH);
        }
        return width;
    }

    /** The fields of rope, of layers without a window if kinds of layers differ. */
    private RopeFields rope() {
        JsonObject scaling = of("rope_scaling").objectOrNull("rope_scaling");
        JsonObject parameters = of("rope_parameters").objectOrNull("rope_parameters");
        if (defaults.localTheta() > 0) {
            return RopeFields.ofKind(parameters, FULL, Set.of(FULL, SLIDING), scaling);
        }
        if (!RopeFields.isEmpty(scaling) && !RopeFields.isEmpty(parameters)) {
            unusedOfRope.add("rope_parameters");
        }
        partial();
        return RopeFields.ofAll(scaling, parameters);
    }

    private void partial() {
        if (of("partial_rotary_factor").number("partial_rotary_factor", 1) != 1) {
            throw json.error("partial_rotary_factor", "1: turning a part of each head is not supported");
        }
    }

    /** Base of the rotary frequencies of layers with a window, of a family where kinds of layers differ. */
    double localTheta() {
        partial();
        JsonObject parameters = of("rope_parameters").objectOrNull("rope_parameters");
        RopeFields local = RopeFields.ofKind(parameters, SLIDING, Set.of(FULL, SLIDING), null);
        JsonObject typed = local.having("rope_type");
        if (local.scaling(defaults.positions()) != null) {
            throw (typed == null ? json : typed)
                    .error(typed == null ? "rope_parameters" : "rope_type", "default for layers with a window");
        }
        local.unused().forEach(name -> unusedOfRope.add("rope." + name));
        return local.theta(of("rope_local_base_freq"), "rope_local_base_freq", defaults.localTheta());
    }

    private double fraction(String name) {
        double value = of(name).number(name, defaults.normEps());
        if (!((float) value > 0 && value < 1)) {
            throw json.error(name, "a number above 0 and below 1");
        }
        return value;
    }

    private int layers(String name) {
        return bounded(name, MAX_LAYERS);
    }

    private int bounded(String name, int most) {
        int value = of(name).positiveInteger(name);
        if (value > most) {
            throw json.error(name, "at most " + most);
        }
        return value;
    }

    private @Nullable Integer bosId(int vocabulary) {
        List<Integer> ids = ids(of("bos_token_id"), "bos_token_id", vocabulary);
        return ids.isEmpty() ? usual("bos_token_id", defaults.bosId(), vocabulary) : ids.getFirst();
    }

    private List<Integer> eosIds(int vocabulary) {
        List<Integer> ids = ids(of("eos_token_id"), "eos_token_id", vocabulary);
        Integer usual = ids.isEmpty() ? usual("eos_token_id", defaults.eosId(), vocabulary) : null;
        return usual == null ? ids : List.of(usual);
    }

    /** The family's own id where the field is missing, if the vocabulary has it. */
    private @Nullable Integer usual(String name, int id, int vocabulary) {
        return id < 0 || id >= vocabulary || json.names().contains(name) ? null : id;
    }

    /**
     * Token ids: one, several or none.
     *
     * @throws InputException if one is not below the vocabulary's size
     */
    static List<Integer> ids(JsonObject json, String name, int vocabulary) {
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
