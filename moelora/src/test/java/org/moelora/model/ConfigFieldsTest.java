package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.engine.InputException;
import org.moelora.engine.ops.Heads;

/** What a config.json asks for is done, or refused with its field: nothing that changes the numbers is passed over. */
class ConfigFieldsTest {
    @TempDir
    private Path temp;

    private DecoderConfig whole(String fields) throws IOException {
        return DecoderConfig.read(Files.writeString(temp.resolve("config.json"), fields));
    }

    private DecoderConfig read(String type, String fields) throws IOException {
        return whole("""
                {"model_type": "%s", "hidden_size": 32, "intermediate_size": 20, "num_hidden_layers": 4, "vocab_size": 31,
                 "num_attention_heads": 4, "num_key_value_heads": 2%s}""".formatted(type, fields));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "llama | attention_multiplier | 0.5",
                "llama | residual_multiplier | 0.5",
                "llama | embedding_multiplier | 12",
                "llama | logits_scaling | 8",
                "llama | mlp_bias | true",
                "qwen3 | mlp_bias | true",
                "mistral | attention_bias | true",
                "phi3 | attention_bias | true",
                "gemma3_text | attention_bias | true",
                "llama | partial_rotary_factor | 0.5",
                "phi3 | partial_rotary_factor | 0.75",
                "llama | rope_parameters | {\"rope_theta\": 1e4, \"partial_rotary_factor\": 0.5}",
                "llama | rope_parameters | {\"rope_theta\": 0.5}",
                "llama | rope_parameters | {\"full_attention\": {\"rope_theta\": 500}}",
                "llama | rope_scaling | {\"rope_type\": \"yarn\", \"factor\": 4}",
                "llama | rope_scaling | {\"type\": \"dynamic\", \"factor\": 4}",
                "phi3 | rope_scaling | {\"type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [1]}",
                "llama | rope_scaling | {\"type\": \"linear\"}",
                "llama | rope_scaling | {\"factor\": 4}",
                "llama | rope_scaling | {\"rope_type\": \"default\", \"type\": \"linear\", \"factor\": 4}",
                "llama | rope_scaling | {\"type\": \"linear\", \"factor\": 2, \"attention_factor\": 1.2}",
                "llama | rope_scaling | {\"type\": \"linear\", \"factor\": 2, \"mscale\": 0.7}",
                "llama | rope_scaling | {\"rope_type\": \"llama3\", \"factor\": 2, \"low_freq_factor\": 1}",
                "gemma3_text | rope_parameters | {\"rope_theta\": 500}",
                "gemma3_text | rope_parameters | {\"sliding_attention\": {\"rope_type\": \"linear\", \"factor\": 2}}",
                "gemma3_text | rope_parameters | {\"sliding_attention\": {\"partial_rotary_factor\": 0.5}}",
                "llama | rms_norm_eps | 1e-50",
                "llama | final_logit_softcapping | 30",
                "llama | num_local_experts | 8",
                "llama | quantization_config | {\"bits\": 4}",
                "llama | is_causal | false",
                "llama | per_layer_config | {\"0\": {\"num_attention_heads\": 2}}",
                "llama | attention_chunk_size | 8192",
                "llama | use_qk_norm | true",
                "llama | sliding_window | 4",
                "llama | layer_types | [\"sliding_attention\"]",
                "llama | num_key_value_heads | 3",
                "gemma3_text | use_bidirectional_attention | true",
                "gemma3_text | layer_types | [\"full_attention\"]",
                "gemma3_text | layer_types | [\"full_attention\", \"a\", \"full_attention\", \"full_attention\"]",
                "gemma3_text | sliding_window | 0",
                "gemma3_text | sliding_window | null",
                "qwen3 | max_window_layers | -1",
                "qwen2 | layer_types | [\"full_attention\", \"sliding_attention\", \"full_attention\", \"full_attention\"]",
                "mistral | sliding_window | -1",
                "mistral | layer_types | [\"full_attention\", \"sliding_attention\", \"full_attention\", \"full_attention\"]",
                "llama | hidden_act | gelu",
                "llama | eos_token_id | [2, 31]",
            })
    void whatNoDecoderHereDoesIsRefused(String type, String field, String value) {
        String json = value.matches("[a-z]+") && !value.matches("true|false|null") ? "\"" + value + "\"" : value;
        String last = field.equals("rope_parameters") || field.equals("rope_scaling") ? "rope" : field;
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> read(type, ", \"" + field + "\": " + json))
                .withMessageContaining(last)
                .withMessageContaining("expected");
    }

    @Test
    void ropeParametersCountWhereTheyAre() throws IOException {
        DecoderConfig config = read("llama", """
                , "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 500000.0}""");
        assertThat(config.ropeTheta()).isEqualTo(500_000);
        assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.Linear(2));
    }

    /** As transformers merges them: rope_scaling before rope_parameters, and the base from the top where they lack it. */
    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "llama | \"rope_theta\": 500, \"rope_parameters\": {} | 500 | 0",
                "llama | \"rope_theta\": 500, \"rope_parameters\": null | 500 | 0",
                "llama | \"rope_theta\": 500, \"rope_parameters\": {\"rope_type\": \"default\"} | 500 | 0",
                "qwen3 | \"rope_theta\": 500, \"rope_parameters\": {\"rope_theta\": null} | 500 | 0",
                "mistral | \"rope_parameters\": {\"rope_type\": \"default\"} | 10000 | 0",
                "llama | \"rope_theta\": 500, \"rope_parameters\": {\"rope_theta\": 700} | 700 | 0",
                "llama | \"rope_scaling\": {}, \"rope_parameters\": {\"rope_theta\": 700} | 700 | 0",
                "llama | \"rope_theta\": 500, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4},"
                        + " \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 700} | 500 | 4",
                "llama | \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4, \"rope_theta\": 700} | 700 | 4",
                "llama | \"rope_scaling\": {\"rope_type\": \"default\", \"factor\": 1.0} | 10000 | 0",
                "gemma3_text | \"rope_theta\": 500, \"rope_parameters\": {} | 500 | 0",
                "gemma3_text | \"rope_theta\": 500, \"rope_parameters\": {\"full_attention\": {}} | 500 | 0",
                "gemma3_text | \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 8} | 1000000 | 8",
                "gemma3_text | \"rope_parameters\": {\"full_attention\": {\"rope_type\": \"linear\", \"factor\": 8,"
                        + " \"rope_theta\": 700}, \"sliding_attention\": {\"rope_type\": \"default\"}} | 700 | 8",
            })
    void ropeIsPutTogether(String type, String fields, double theta, double factor) throws IOException {
        DecoderConfig config = read(type, ", " + fields);
        assertThat(config.ropeTheta()).isEqualTo(theta);
        assertThat(config.ropeScaling()).isEqualTo(factor == 0 ? null : new RopeScaling.Linear(factor));
        assertThat(config.design().localRopeTheta()).isEqualTo(type.startsWith("gemma") ? 10_000 : 0);
    }

    @Test
    void theLengthThatLlama3WasTrainedOnIsUsuallyThatOfItsPositions() throws IOException {
        String scaling = """
                , "max_position_embeddings": 640, "rope_scaling":
                 {"rope_type": "llama3", "factor": 2, "low_freq_factor": 1, "high_freq_factor": 4%s}""";
        assertThat(read("llama", scaling.formatted("")).ropeScaling()).isEqualTo(new RopeScaling.Llama3(2, 1, 4, 640));
        assertThat(read("llama", scaling.formatted(", \"original_max_position_embeddings\": 320"))
                        .ropeScaling())
                .isEqualTo(new RopeScaling.Llama3(2, 1, 4, 320));
    }

    @Test
    void ropeParametersMayDifferByKindOfLayer() throws IOException {
        DecoderConfig config = read("gemma3_text", """
                , "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 2000000.0},
                 "sliding_attention": {"rope_type": "default", "rope_theta": 20000.0}}""");
        assertThat(config.ropeTheta()).isEqualTo(2_000_000);
        assertThat(config.design().localRopeTheta()).isEqualTo(20_000);
        assertThat(read("gemma3_text", ", \"rope_local_base_freq\": 300, \"rope_parameters\": {}")
                        .design()
                        .localRopeTheta())
                .isEqualTo(300);
    }

    @Test
    void windowsAreWhereLayerTypesSayIt() throws IOException {
        String types = """
                , "use_sliding_window": true, "sliding_window": 7,
                 "layer_types": ["full_attention", "sliding_attention", "sliding_attention", "full_attention"]""";
        for (String type : new String[] {"gemma3_text", "qwen2", "qwen3"}) {
            assertThat(read(type, types).design().windows())
                    .as(type)
                    .containsExactly(Heads.UNLIMITED, 7, 7, Heads.UNLIMITED);
        }
    }

    @Test
    void qwenHasWindowsFromALayerOn() throws IOException {
        String fields = ", \"sliding_window\": 7, \"max_window_layers\": 3, \"use_sliding_window\": ";
        assertThat(read("qwen2", fields + true).design().windows())
                .containsExactly(Heads.UNLIMITED, Heads.UNLIMITED, Heads.UNLIMITED, 7);
        assertThat(read("qwen2", fields + false).design().windows()).isEmpty();
        assertThat(read("qwen3", ", \"use_sliding_window\": true, \"max_window_layers\": 3")
                        .design()
                        .windows())
                .containsExactly(Heads.UNLIMITED, Heads.UNLIMITED, Heads.UNLIMITED, 4096);
    }

    @Test
    void aWindowThatIsMissingIsNotOneThatIsNull() throws IOException {
        assertThat(read("mistral", "").design().windows()).containsOnly(4096).hasSize(4);
        assertThat(read("mistral", ", \"sliding_window\": null").design().windows())
                .isEmpty();
        assertThat(read("phi3", "").design().windows()).isEmpty();
        assertThat(read("gemma3_text", "").design().windows()).containsOnly(4096);
    }

    /** What the families' configuration classes of transformers 5 say. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "llama, 64, 1e-6, 10000, 2048, false, 1, 2",
        "mistral, 8, 1e-6, 10000, 131072, false, 1, 2",
        "qwen2, 32, 1e-6, 10000, 32768, false, -1, -1",
        "qwen3, 32, 1e-6, 10000, 32768, false, -1, -1",
        "gemma3_text, 4, 1e-6, 1000000, 131072, true, 2, 1",
        "phi3, 64, 1e-5, 10000, 4096, false, 1, 32000",
    })
    void whatIsMissingIsAsTheFamilyHasIt(
            String type, int kvHeads, float eps, double theta, int positions, boolean tied, int bos, int eos)
            throws IOException {
        DecoderConfig config = whole("""
                {"model_type": "%s", "hidden_size": 1024, "intermediate_size": 20, "num_hidden_layers": 1,
                 "vocab_size": 32064, "num_attention_heads": 64}""".formatted(type));
        assertThat(config.kvHeads()).isEqualTo(kvHeads);
        assertThat(config.normEps()).isEqualTo(eps);
        assertThat(config.ropeTheta()).isEqualTo(theta);
        assertThat(config.maxPositions()).isEqualTo(positions);
        assertThat(config.tiedEmbeddings()).isEqualTo(tied);
        assertThat(config.bosId()).isEqualTo(bos < 0 ? null : bos);
        assertThat(config.eosIds()).isEqualTo(eos < 0 ? List.of() : List.of(eos));
        assertThat(config.headDim()).isEqualTo(type.equals("qwen3") ? 128 : type.equals("gemma3_text") ? 256 : 16);
    }

    @Test
    void anEndThatIsNullIsNone() throws IOException {
        assertThat(read("llama", ", \"eos_token_id\": null, \"bos_token_id\": null"))
                .satisfies(config -> assertThat(config.eosIds()).isEmpty())
                .satisfies(config -> assertThat(config.bosId()).isNull());
    }

    @Test
    void gpt2MayHaveTheNamesOfOthersToo() throws IOException {
        String sizes = """
                {"model_type": "gpt2", "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 12, "vocab_size": 31,
                 "hidden_size": %d}""";
        assertThat(whole(sizes.formatted(16)).hiddenSize()).isEqualTo(16);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> whole(sizes.formatted(32)))
                .withMessageContaining("hidden_size");
    }
}
