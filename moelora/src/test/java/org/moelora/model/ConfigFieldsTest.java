package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    private DecoderConfig read(String type, String fields) throws IOException {
        return DecoderConfig.read(Files.writeString(temp.resolve("config.json"), """
                {"model_type": "%s", "hidden_size": 32, "intermediate_size": 20, "num_hidden_layers": 4, "vocab_size": 31,
                 "num_attention_heads": 4, "num_key_value_heads": 2%s}""".formatted(type, fields)));
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
                "llama | partial_rotary_factor | 0.5",
                "llama | rope_parameters | {\"rope_theta\": 1e4, \"partial_rotary_factor\": 0.5}",
                "llama | rope_parameters | {\"rope_theta\": 0.5}",
                "llama | rope_scaling | {\"rope_type\": \"yarn\", \"factor\": 4}",
                "llama | rms_norm_eps | 1e-50",
                "llama | final_logit_softcapping | 30",
                "gemma3_text | use_bidirectional_attention | true",
                "gemma3_text | layer_types | [\"full_attention\"]",
                "gemma3_text | layer_types | [\"full_attention\", \"a\", \"full_attention\", \"full_attention\"]",
                "gemma3_text | sliding_window | 0",
                "qwen3 | max_window_layers | -1",
                "mistral | sliding_window | -1",
            })
    void whatNoDecoderHereDoesIsRefused(String type, String field, String value) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> read(type, ", \"" + field + "\": " + value))
                .withMessageContaining(field)
                .withMessageContaining("expected");
    }

    @Test
    void ropeParametersCountWhereTheyAre() throws IOException {
        DecoderConfig config = read("llama", """
                , "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 500000.0}""");
        assertThat(config.ropeTheta()).isEqualTo(500_000);
        assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.Linear(2));
    }

    @Test
    void ropeParametersMayDifferByKindOfLayer() throws IOException {
        DecoderConfig config = read("gemma3_text", """
                , "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 2000000.0},
                 "sliding_attention": {"rope_type": "default", "rope_theta": 20000.0}}""");
        assertThat(config.ropeTheta()).isEqualTo(2_000_000);
        assertThat(config.design().localRopeTheta()).isEqualTo(20_000);
    }

    @Test
    void windowsAreWhereLayerTypesSayIt() throws IOException {
        String types = """
                , "sliding_window": 7, "layer_types": ["full_attention", "sliding_attention", "sliding_attention",
                 "full_attention"]""";
        for (String type : new String[] {"gemma3_text", "qwen2", "qwen3", "mistral"}) {
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
    }
}
