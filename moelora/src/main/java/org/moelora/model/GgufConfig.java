package org.moelora.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.engine.InputException;
import org.moelora.engine.io.GgufFile;
import org.moelora.engine.io.GgufMetadata;
import org.moelora.engine.io.GgufTensor;
import org.moelora.engine.io.Json;
import org.moelora.engine.io.JsonWriter;

/**
 * The decoder that a GGUF file describes: its keys are brought into the fields that the family's {@code config.json} has, so that both ways are checked and
 * read by the same code.
 */
final class GgufConfig {
    private static final String ARCHITECTURE = "general.architecture";

    /** Gemma 3's largest scales its scores by the mean width of a head; the file does not say so, the number of layers does. */
    private static final int LAYERS_OF_GEMMA_27B = 62;

    private final GgufFile file;
    private final GgufMetadata keys;
    private final String prefix;
    private final Map<String, Object> fields = new LinkedHashMap<>();

    private GgufConfig(GgufFile file, String architecture) {
        this.file = file;
        this.keys = file.metadata();
        this.prefix = architecture + ".";
    }

    /**
     * @throws InputException if a key is missing, out of range or asks for something that this decoder does not do, or the architecture is not known
     */
    static DecoderConfig read(GgufFile file) {
        String name = file.metadata().string(ARCHITECTURE);
        Architecture architecture = Architectures.ofGguf(name);
        GgufLayout layout = architecture == null ? null : architecture.gguf();
        if (architecture == null || layout == null) {
            throw file.metadata().error(ARCHITECTURE, "an architecture that is supported: " + Architectures.inGguf());
        }
        GgufConfig config = new GgufConfig(file, name);
        config.sizes(architecture);
        config.rope();
        config.tokens();
        DecoderConfig read = architecture.read(new ConfigFields(
                Json.parse(JsonWriter.line(config.fields), file.file().toString())));
        return config.stored(read, layout);
    }

    private long size(String key) {
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
        if (keys.has(prefix + "attention.head_count_kv")) {
            size("attention.head_count_kv", "num_key_value_heads");
        }
        long headDim = hidden / heads;
        if (keys.has(prefix + "attention.key_length")) {
            headDim = size("attention.key_length");
            if (keys.has(prefix + "attention.value_length") && size("attention.value_length") != headDim) {
                throw keys.error(prefix + "attention.value_length", "the key_length, " + headDim);
            }
        } else if (hidden % heads != 0) {
            throw keys.error(
                    prefix + "attention.head_count",
                    "a divisor of embedding_length, " + hidden + ", as there is no key_length");
        }
        fields.put("head_dim", headDim);
        fields.put("query_pre_attn_scalar", layers == LAYERS_OF_GEMMA_27B ? hidden / heads : headDim);
        if (keys.has(prefix + "rope.dimension_count") && size("rope.dimension_count") != headDim) {
            throw keys.error(
                    prefix + "rope.dimension_count",
                    "the width of a head, " + headDim + ": turning a part of each head is not supported");
        }
        for (String key : List.of("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon")) {
            if (keys.has(prefix + key)) {
                fields.put(key.contains("rms") ? "rms_norm_eps" : "layer_norm_epsilon", keys.number(prefix + key));
            }
        }
        if (keys.has(prefix + "attention.sliding_window")) {
            size("attention.sliding_window", "sliding_window");
        }
        for (String key : List.of("attn_logit_softcapping", "final_logit_softcapping", "logit_scale", "expert_count")) {
            if (keys.has(prefix + key) && keys.number(prefix + key) != 0) {
                throw keys.error(prefix + key, "none: it is not supported");
            }
        }
        fields.put("attention_bias", file.has("blk.0.attn_q.bias"));
        fields.put("tie_word_embeddings", !file.has("output.weight"));
    }

    private void rope() {
        if (keys.has(prefix + "rope.freq_base")) {
            fields.put("rope_theta", keys.number(prefix + "rope.freq_base"));
        }
        for (String tensor : List.of("rope_factors_long.weight", "rope_factors_short.weight")) {
            if (file.has(tensor)) {
                throw new InputException(
                        file.file() + ": tensor " + tensor
                                + " stretches rope by the length of the text, which is not supported; expected a file without it");
            }
        }
        String scaling = keys.string(prefix + "rope.scaling.type", "none");
        if (!scaling.equals("none")) {
            if (!scaling.equals("linear")) {
                throw keys.error(prefix + "rope.scaling.type", "none or linear");
            }
            fields.put("rope_scaling", Map.of("type", scaling, "factor", keys.number(prefix + "rope.scaling.factor")));
        }
    }

    private void tokens() {
        GgufTensor embedding = file.info("token_embd.weight");
        long vocabulary = embedding.shape().getFirst();
        fields.put("vocab_size", vocabulary);
        List<Long> begins = new ArrayList<>();
        token("bos_token_id", vocabulary, begins);
        if (!begins.isEmpty()) {
            fields.put("bos_token_id", begins.getFirst());
        }
        // Chat models may end a turn with another token than a text.
        List<Long> ends = new ArrayList<>();
        token("eos_token_id", vocabulary, ends);
        token("eot_token_id", vocabulary, ends);
        if (!ends.isEmpty()) {
            fields.put("eos_token_id", ends);
        }
    }

    /** Files have a number beyond all tokens for a token that there is not. */
    private void token(String name, long vocabulary, List<Long> ids) {
        String key = "tokenizer.ggml." + name;
        if (keys.has(key)) {
            long id = keys.integer(key);
            if (id >= 0 && id < vocabulary && !ids.contains(id)) {
                ids.add(id);
            }
        }
    }

    private DecoderConfig stored(DecoderConfig read, GgufLayout layout) {
        DecoderConfig config = read.with(read.design().inGguf(layout.interleavedRope()));
        if (!file.has("rope_freqs.weight")) {
            return config;
        }
        if (read.ropeScaling() != null) {
            throw keys.error(prefix + "rope.scaling.type", "none, as there is a tensor rope_freqs.weight");
        }
        int half = config.headDim() / 2;
        float[] factors = GgufCheckpoint.floats(file, "rope_freqs.weight", half);
        List<Float> all = new ArrayList<>();
        for (float factor : factors) {
            all.add(factor);
            if (!(factor > 0 && factor < 1e12)) {
                throw new InputException(file.file() + ": tensor rope_freqs.weight has the element " + factor
                        + "; expected numbers above 0 and below 1e12");
            }
        }
        return config.with(new RopeScaling.Factors(all));
    }
}
