package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.moelora.model.GgufModelTest.plus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.engine.InputException;
import org.moelora.engine.ops.Heads;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;

/** Keys of a GGUF file do what llama.cpp does with them, or are refused by their names. */
class GgufKeysTest {
    @TempDir
    private Path temp;

    private static Map<String, Object> keys(String architecture) {
        Map<String, Object> keys = GgufModelTest.sizes(
                architecture,
                "feed_forward_length",
                20,
                "attention.head_count_kv",
                2,
                "attention.layer_norm_rms_epsilon",
                1e-6f);
        return architecture.equals("llama") || architecture.equals("phi3")
                ? keys
                : plus(keys, architecture + ".attention.key_length", 6);
    }

    private Path file(Path folder, String architecture, Map<String, Object> keys) throws IOException {
        List<String[]> names = architecture.equals("gemma3")
                ? GgufModelTest.with(
                        GgufModelTest.LLAMA,
                        "post_attention_layernorm",
                        "post_attention_norm",
                        "pre_feedforward_layernorm",
                        "ffn_norm",
                        "post_feedforward_layernorm",
                        "post_ffw_norm")
                : GgufModelTest.with(GgufModelTest.LLAMA, "post_attention_layernorm", "ffn_norm");
        return GgufOf.folder(folder, temp.resolve("model.gguf"), architecture, keys, names);
    }

    private DecoderConfig read(String architecture, Map<String, Object> keys) throws IOException {
        String family = architecture.equals("gemma3") ? "gemma3_text" : architecture;
        Path folder = RandomCheckpoint.write(temp.resolve(architecture), family);
        try (Decoder decoder = Decoder.load(file(folder, architecture, keys))) {
            return decoder.config();
        }
    }

    private static Object value(String text) {
        if (text.startsWith("[")) {
            String[] parts = text.substring(1, text.length() - 1).split(" ");
            return Arrays.stream(parts).mapToInt(Integer::parseInt).toArray();
        }
        return text.matches("-?\\d+")
                ? (Object) Integer.valueOf(text)
                : text.matches("-?\\d+\\.\\d+") ? (Object) Float.valueOf(text) : text;
    }

    @ParameterizedTest
    @CsvSource({
        "rope.scaling.factor=4.0, 4",
        "rope.scaling.factor=4.0 rope.scaling.type=linear, 4",
        "rope.scaling.factor=4.0 rope.scaling.type=none, 0",
        "rope.scaling.factor=0.0, 0",
        "rope.scaling.type=linear, 0",
        "rope.scale_linear=4.0, 4",
        "rope.scaling.factor=2.0 rope.scale_linear=4.0, 2",
    })
    void aFactorWithoutATypeIsLinear(String given, double factor) throws IOException {
        Map<String, Object> keys = keys("llama");
        for (String each : given.split(" ")) {
            keys = plus(keys, "llama." + each.split("=")[0], value(each.split("=")[1]));
        }
        assertThat(read("llama", keys).ropeScaling()).isEqualTo(factor == 0 ? null : new RopeScaling.Linear(factor));
    }

    @Test
    void aStretchedFileHasTheLogitsOfItsFolder() throws IOException {
        Path folder = RandomCheckpoint.write(
                temp.resolve("linear"),
                "llama",
                "\"eos_token_id\"",
                "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}, \"eos_token_id\"",
                7);
        Path file = file(folder, "llama", plus(keys("llama"), "llama.rope.scaling.factor", 4f));
        try (Decoder one = Decoder.load(folder);
                Decoder other = Decoder.load(file)) {
            GgufModelTest.assertSameLogits(one, other);
        }
    }

    /** A layer sees all keys if its number, from 1, is a multiple of the pattern; a flag for each layer may say it too. */
    @ParameterizedTest
    @CsvSource({"2, 4 0", "1, 0 0", "0, 4 4", "6, 4 4", "[0 1], 0 4", "[1 0], 4 0"})
    void gemmasPatternIsRead(String pattern, String windows) throws IOException {
        Map<String, Object> keys = plus(keys("gemma3"), "gemma3.attention.sliding_window", 4);
        DecoderConfig config = read("gemma3", plus(keys, "gemma3.attention.sliding_window_pattern", value(pattern)));
        for (int layer = 0; layer < 2; layer++) {
            assertThat(config.design().window(layer))
                    .isEqualTo(windows.split(" ")[layer].equals("0") ? Heads.UNLIMITED : 4);
        }
    }

    @Test
    void aFileWithAPatternHasTheLogitsOfItsFolder() throws IOException {
        Path folder = RandomCheckpoint.write(
                temp.resolve("pattern"),
                "gemma3_text",
                "\"query_pre_attn_scalar\": 9",
                "\"query_pre_attn_scalar\": 6, \"rope_local_base_freq\": 300, \"rope_theta\": 5000",
                7);
        Map<String, Object> keys = plus(keys("gemma3"), "gemma3.attention.sliding_window", 4);
        keys = plus(keys, "gemma3.rope.freq_base", 5000f);
        keys = plus(keys, "gemma3.rope.freq_base_swa", 300f);
        Path file = file(folder, "gemma3", plus(keys, "gemma3.attention.sliding_window_pattern", 2));
        try (Decoder one = Decoder.load(folder);
                Decoder other = Decoder.load(file)) {
            GgufModelTest.assertSameLogits(one, other);
        }
    }

    @Test
    void whatIsMissingIsAsLlamaCppHasIt() throws IOException {
        DecoderConfig gemma = read("gemma3", keys("gemma3"));
        assertThat(gemma.design().windows()).isEmpty();
        assertThat(gemma.ropeTheta()).isEqualTo(10_000);
        assertThat(gemma.eosIds()).isEmpty();
        assertThat(gemma.bosId()).isNull();
        assertThat(read("phi3", plus(keys("phi3"), "phi3.attention.sliding_window", 0))
                        .design()
                        .windows())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "llama, attention.sliding_window, 4",
        "qwen3, attention.sliding_window, 4",
        "qwen3, attention.sliding_window_pattern, 2",
        "phi3, attention.sliding_window_pattern, 2",
        "phi3, rope.freq_base_swa, 300.0",
        "llama, attention.scale, 0.5",
        "gemma3, attention.scale, 0.5",
        "gemma3, attn_logit_softcapping, 50.0",
        "gemma3, final_logit_softcapping, 30.0",
        "llama, logit_scale, 0.5",
        "llama, residual_scale, 0.5",
        "llama, embedding_scale, 12.0",
        "llama, expert_count, 8",
        "llama, expert_used_count, 2",
        "llama, rope.scaling.type, yarn",
        "llama, rope.scaling.type, longrope",
        "llama, rope.scaling.factor, -1.0",
        "llama, rope.scaling.attn_factor, 1.2",
        "llama, rope.scaling.yarn_ext_factor, 1.0",
        "llama, rope.dimension_sections, [1 2]",
        "llama, attention.clamp_kqv, 8.0",
        "llama, attention.temperature_scale, 0.1",
        "llama, use_parallel_residual, 1",
        "llama, something, 3",
        "llama, attention.value_length, 8",
        "gemma3, attention.sliding_window_pattern, [1]",
    })
    void whatIsNotReadIsRefused(String architecture, String key, String value) {
        String name = architecture + "." + key;
        Map<String, Object> keys = plus(keys(architecture), name, value(value));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> read(architecture, keys))
                .withMessageContaining("key \"" + name + "\"")
                .withMessageContaining("expected");
    }

    @Test
    void anEpsilonIsNeeded() {
        Map<String, Object> keys = new HashMap<>(keys("llama"));
        keys.remove("llama.attention.layer_norm_rms_epsilon");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> read("llama", keys))
                .withMessageContaining("llama.attention.layer_norm_rms_epsilon\" is missing");
    }

    @Test
    void whatAsksForNothingIsAccepted() throws IOException {
        Map<String, Object> keys = new HashMap<>(keys("llama"));
        keys.put("llama.expert_count", 0);
        keys.put("llama.logit_scale", 1f);
        keys.put("llama.attention.scale", 0f);
        keys.put("llama.vocab_size", 31);
        keys.put("llama.rope.scaling.attn_factor", 1f);
        keys.put("general.name", "a name");
        keys.put("general.type", "model");
        keys.put("split.count", 1);
        assertThat(read("llama", keys).layers()).isEqualTo(2);
    }

    @Test
    void aPartOfAModelIsNamed() {
        Map<String, Object> keys = plus(plus(keys("llama"), "split.count", 3), "split.no", 1);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> read("llama", keys))
                .withMessageContaining("part 2 of a model in 3 GGUF files; expected one file")
                .withMessageContaining("--merge");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> read("llama", plus(keys("llama"), "general.type", "adapter")))
                .withMessageContaining("general.type\" is \"adapter\"; expected model");
    }

    /** Ends are those that keys name and those that are written as ends are. */
    @Test
    void endsAreFoundAsLlamaCppFindsThem() throws IOException {
        Map<String, Object> keys = new HashMap<>(keys("llama"));
        keys.put("tokenizer.ggml.eos_token_id", 3);
        keys.put("tokenizer.ggml.eot_token_id", 5);
        keys.put("tokenizer.ggml.eom_token_id", 4);
        keys.put("tokenizer.ggml.tokens", new String[] {"a", "<|im_end|>", "</s>", "d", "e", "f", "<eot>"});
        assertThat(read("llama", keys).eosIds()).containsExactly(3, 5, 4, 1, 2);
    }

    @Test
    void aTensorWithoutAPlaceIsRefused() throws IOException {
        Path folder = RandomCheckpoint.write(temp.resolve("more"), "llama");
        with(folder, "blk.0.attn_q.scale", 1);
        Path file = file(folder, "llama", keys("llama"));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Decoder.load(file))
                .withMessageContaining("tensor blk.0.attn_q.scale")
                .withMessageContaining("expected");
    }

    /** Adds a vector of ones to a folder. */
    static void with(Path folder, String name, int size) throws IOException {
        Path file = folder.resolve("model.safetensors");
        SafetensorsWriter more = new SafetensorsWriter();
        try (SafetensorsFile whole = SafetensorsFile.open(file)) {
            for (String each : whole.names()) {
                more.f32(each, whole.info(each).shape(), whole.readFloats(each));
            }
        }
        float[] ones = new float[size];
        Arrays.fill(ones, 1);
        more.f32(name, new long[] {size}, ones);
        Files.delete(file);
        more.write(file);
    }
}
