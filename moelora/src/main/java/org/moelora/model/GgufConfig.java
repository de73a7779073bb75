package org.moelora.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.moelora.engine.InputException;
import org.moelora.io.GgufFile;
import org.moelora.io.GgufMetadata;
import org.moelora.io.GgufTensor;
import org.moelora.io.Json;
import org.moelora.io.JsonWriter;

/**
 * The decoder that a GGUF file describes: its keys are brought into the fields that the family's {@code config.json} has, so that both ways are checked and
 * read by the same code. A key that is missing has the value that llama.cpp gives it; one that begins with the architecture's name and is not read
 * is refused, unless it is known to change nothing.
 */
final class GgufConfig {
    private static final String ARCHITECTURE = "general.architecture";

    /** Gemma 3's largest scales its scores by the mean width of a head; the file does not say so, the number of layers does. */
    private static final int LAYERS_OF_GEMMA_27B = 62;

    /** Every so many layers of Gemma 3 one sees all keys, if the file does not say it. */
    private static final int PATTERN = 6;

    private static final double THETA = 10_000;

    /** Keys, after the architecture's name, that change nothing that is computed here. */
    private static final Set<String> HARMLESS = Set.of(
            "vocab_size",
            "tensor_data_layout",
            "pooling_type",
            "embedding_length_out",
            "rope.scaling.finetuned",
            "rope.scaling.original_context_length");

    /** Keys that multiply, and change nothing if they are 1. */
    private static final Set<String> MULTIPLIERS = Set.of(
            "logit_scale",
            "residual_scale",
            "embedding_scale",
            "rope.scaling.attn_factor",
            "rope.scaling.yarn_attn_factor");

    private final GgufFile file;
    private final GgufMetadata keys;
    private final String prefix;
    private final Set<String> read = new HashSet<>(Set.of(ARCHITECTURE, "general.alignment", "general.type"));
    private final Map<String, Object> fields = new LinkedHashMap<>();

    private GgufConfig(GgufFile file, String architecture) {
        this.file = file;
        this.keys = file.metadata();
        this.prefix = architecture + ".";
    }

    /**
     * @throws InputException if a key is missing, out of range or asks for something that this decoder does not do, or the architecture is not known
     */
    static DecoderConfig read(GgufFile file, Unused unused) {
        GgufMetadata keys = file.metadata();
        checkKind(keys);
        String name = keys.string(ARCHITECTURE);
        Architecture architecture = Architectures.ofGguf(name);
        GgufLayout layout = architecture == null ? null : architecture.gguf();
        if (architecture == null || layout == null) {
            throw keys.error(ARCHITECTURE, "an architecture that is supported: " + Architectures.inGguf());
        }
        GgufConfig config = new GgufConfig(file, name);
        config.sizes(architecture);
        if (architecture.names().positions().isEmpty()) {
            config.rope();
        }
        config.windows(architecture);
        config.tokens();
        DecoderConfig decoder = architecture.read(new ConfigFields(
                Json.parse(JsonWriter.line(config.fields), file.file().toString()), architecture.defaults()));
        config.checkRest(unused);
        return config.stored(decoder, layout);
    }

    /** A file that is a whole model, and not something else in the same format. */
    private static void checkKind(GgufMetadata keys) {
        String kind = keys.string("general.type", "model");
        if (!kind.equals("model")) {
            throw keys.error("general.type", "model: a file of this kind is not a language model by itself");
        }
        long parts = keys.integer("split.count", 1);
        if (parts > 1) {
            throw new InputException(keys.source() + ": part " + (keys.integer("split.no", 0) + 1) + " of a model in "
                    + parts + " GGUF files; expected one file, which llama-gguf-split --merge makes of them");
        }
    }

    private boolean has(String key) {
        read.add(prefix + key);
        return keys.has(prefix + key);
    }

    private long size(String key) {
        read.add(prefix + key);
        long value = keys.integer(prefix + key);
        if (value < 1 || value > Integer.MAX_VALUE) {
            throw keys.error(prefix + key, "a positive integer");
        }
        return value;
    }

    /** A size, under the names that config.json has for it: Llama's and GPT-2's. */
    private long size(String key, String... names) {
        long value = size(key);
        for (String name : names) {
            fields.put(name, value);
        }
        return value;
    }

    private void sizes(Architecture architecture) {
        fields.put("model_type", architecture.id());
        long hidden = size("embedding_length", "hidden_size", "n_embd");
        long layers = size("block_count", "num_hidden_layers", "n_layer");
        long heads = size("attention.head_count", "num_attention_heads", "n_head");
        size("feed_forward_length", "intermediate_size", "n_inner");
        size("context_length", "max_position_embeddings", "n_positions");
        fields.put("num_key_value_heads", has("attention.head_count_kv") ? size("attention.head_count_kv") : heads);
        long headDim = hidden / heads;
        if (has("attention.key_length")) {
            headDim = size("attention.key_length");
        } else if (hidden % heads != 0) {
            throw keys.error(
                    prefix + "attention.head_count",
                    "a divisor of embedding_length, " + hidden + ", as there is no key_length");
        }
        if (has("attention.value_length") && size("attention.value_length") != headDim) {
            throw keys.error(prefix + "attention.value_length", "the key_length, " + headDim);
        }
        fields.put("head_dim", headDim);
        fields.put("query_pre_attn_scalar", layers == LAYERS_OF_GEMMA_27B ? hidden / heads : headDim);
        if (has("rope.dimension_count") && size("rope.dimension_count") != headDim) {
            throw keys.error(
                    prefix + "rope.dimension_count",
                    "the width of a head, " + headDim + ": turning a part of each head is not supported");
        }
        boolean rope = architecture.names().positions().isEmpty();
        String eps = rope ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
        read.add(prefix + eps);
        fields.put(rope ? "rms_norm_eps" : "layer_norm_epsilon", keys.number(prefix + eps));
        fields.put("attention_bias", file.has("blk.0.attn_q.bias"));
        fields.put("tie_word_embeddings", !file.has("output.weight"));
    }

    private void rope() {
        fields.put("rope_theta", has("rope.freq_base") ? keys.number(prefix + "rope.freq_base") : THETA);
        for (String tensor : List.of("rope_factors_long.weight", "rope_factors_short.weight")) {
            if (file.has(tensor)) {
                throw new InputException(
                        file.file() + ": tensor " + tensor
                                + " stretches rope by the length of the text, which is not supported; expected a file without it");
            }
        }
        String key = prefix + "rope.scaling.type";
        String scaling = has("rope.scaling.type") ? keys.string(key) : "linear";
        if (!scaling.equals("none") && !scaling.equals("linear")) {
            throw keys.error(key, "none or linear");
        }
        // Without a type a factor is linear. Older files call it scale_linear, and 0 is as good as none.
        String factor = has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
        double value = has(factor) ? keys.number(prefix + factor) : 0;
        has("rope.scale_linear");
        if (scaling.equals("linear") && value != 0) {
            if (!(value > 0 && value < 1e12)) {
                throw keys.error(prefix + factor, "a number above 0 and below 1e12");
            }
            fields.put("rope_scaling", Map.of("rope_type", "linear", "factor", value));
        }
    }

    /** Where the family has windows, which layers have one; its keys are refused elsewhere, as all that is not read. */
    private void windows(Architecture architecture) {
        boolean mixed = architecture.defaults().localTheta() > 0;
        if (!mixed && !(architecture instanceof Phi3)) {
            return;
        }
        String key = "attention.sliding_window";
        long window = has(key) ? keys.integer(prefix + key) : 0;
        if (window < 0 || window > Integer.MAX_VALUE) {
            throw keys.error(prefix + key, "0 or more");
        }
        if (window > 0) {
            fields.put("sliding_window", window);
        }
        if (!mixed) {
            return;
        }
        int layers = Math.toIntExact(size("block_count"));
        if (layers > ConfigFields.MAX_LAYERS) {
            return; // it is refused where sizes are read
        }
        List<String> kinds = new ArrayList<>();
        boolean[] windowed = pattern(layers);
        for (int layer = 0; layer < layers; layer++) {
            kinds.add(window > 0 && windowed[layer] ? "sliding_attention" : "full_attention");
        }
        fields.put("layer_types", kinds);
        if (has("rope.freq_base_swa")) {
            fields.put("rope_local_base_freq", keys.number(prefix + "rope.freq_base_swa"));
        }
    }

    /** Which layers have a window: a flag for each, or n for all but every n-th, where 0 is all. */
    private boolean[] pattern(int layers) {
        boolean[] windowed = new boolean[layers];
        String key = prefix + "attention.sliding_window_pattern";
        if (has("attention.sliding_window_pattern") && keys.isArray(key)) {
            boolean[] flags = keys.flags(key);
            if (flags.length < layers) {
                throw keys.error(key, "a flag for each of the " + layers + " layers");
            }
            System.arraycopy(flags, 0, windowed, 0, layers);
            return windowed;
        }
        long every = keys.integer(key, PATTERN);
        if (every < 0) {
            throw keys.error(key, "0 or more");
        }
        for (int layer = 0; layer < layers; layer++) {
            windowed[layer] = every == 0 || layer % every < every - 1;
        }
        return windowed;
    }

    private void tokens() {
        GgufTensor embedding = file.info("token_embd.weight");
        long vocabulary = embedding.shape().getFirst();
        fields.put("vocab_size", vocabulary);
        if (has("vocab_size") && keys.integer(prefix + "vocab_size") != vocabulary) {
            read.remove(prefix + "vocab_size"); // it says less than the embedding, and is listed
        }
        List<Long> ends = GgufEnds.of(keys, vocabulary);
        fields.put("bos_token_id", GgufEnds.id(keys, "bos_token_id", vocabulary));
        fields.put("eos_token_id", ends.isEmpty() ? null : ends);
    }

    /** No key of the architecture is passed over; others describe the file, or are the tokenizer's. */
    private void checkRest(Unused unused) {
        Set<String> listed = new TreeSet<>();
        for (String key : keys.keys()) {
            if (read.contains(key) || key.startsWith("general.") || key.startsWith("tokenizer.")) {
                continue;
            }
            if (!key.startsWith(prefix)) {
                if (!key.startsWith("split.")) {
                    listed.add(key);
                }
                continue;
            }
            String name = key.substring(prefix.length());
            if (HARMLESS.contains(name)) {
                listed.add(key);
            } else if (name.equals("attention.causal") ? !keys.flag(key, true) : !isNeutral(key, name)) {
                throw keys.error(key, "none: it is not supported");
            }
        }
        unused.add("keys", listed, key -> key.startsWith(prefix) || key.startsWith("quantize."));
    }

    /** Whether a value asks for nothing: 0 or false, and 1 of what multiplies. */
    private boolean isNeutral(String key, String name) {
        return keys.isNeutral(key) || (MULTIPLIERS.contains(name) && keys.number(key) == 1);
    }

    private DecoderConfig stored(DecoderConfig decoder, GgufLayout layout) {
        DecoderConfig config = decoder.with(decoder.design().inGguf(layout.interleavedRope()));
        if (!file.has(GgufLayout.ROPE_FACTORS)) {
            return config;
        }
        if (!layout.ropeFactors()) {
            throw new InputException(file.file() + ": tensor " + GgufLayout.ROPE_FACTORS
                    + " is there; expected none in this architecture");
        }
        if (decoder.ropeScaling() != null) {
            throw keys.error(prefix + "rope.scaling.factor", "none, as there is a tensor " + GgufLayout.ROPE_FACTORS);
        }
        int half = config.headDim() / 2;
        float[] factors = GgufCheckpoint.floats(file, GgufLayout.ROPE_FACTORS, half);
        List<Float> all = new ArrayList<>();
        for (float factor : factors) {
            all.add(factor);
            if (!(factor > 0 && factor < 1e12)) {
                throw new InputException(file.file() + ": tensor " + GgufLayout.ROPE_FACTORS + " has the element "
                        + factor + "; expected numbers above 0 and below 1e12");
            }
        }
        return config.with(new RopeScaling.Factors(all));
    }
}
