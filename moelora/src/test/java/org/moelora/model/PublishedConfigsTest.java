package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.testing.Published;

/** Other people's config.json files, good and broken. */
class PublishedConfigsTest {
    private static DecoderConfig read(String name) {
        return DecoderConfig.read(file(name));
    }

    private static Path file(String name) {
        return Published.file(
                "configs/hf-config-cases/model_config" + (name.isEmpty() ? "" : "_" + name) + ".config.json");
    }

    private static void assertRefused(String name, String... words) {
        Path file = file(name);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> DecoderConfig.read(file))
                .satisfies(e -> assertThat(e.getMessage())
                        .contains(file.getFileName().toString())
                        .contains(words)
                        .hasLineCount(1));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "bad_json, JSON",
        "root_array, object",
        "no_type, model_type",
        "type_not_string, model_type",
        "num_negative, vocab_size",
        "num_overflow, max_position_embeddings",
        "num_wrong_type, hidden_size",
        "num_zero, num_hidden_layers",
        "float_overflow, rope_theta",
        "float_wrong_type, rms_norm_eps",
        "hidden_act_wrong_type, hidden_act",
        "kv_wrong_type, num_key_value_heads",
        "rope_scaling_wrong_type, rope_scaling",
        "quant_affine, quantization",
        "quant_mxfp4, quantization",
        "quant_mxfp8, quantization",
        "quant_no_mode, quantization",
        "quant_nvfp4, quantization",
        "quant_unknown, quantization",
        // The whole of it is there but one size, which has no usual value.
        "'', intermediate_size",
        "llama3, intermediate_size",
        "eos_array, intermediate_size",
        "eos_cap, intermediate_size",
        "gen_bad, intermediate_size",
        "rope_type_alias, intermediate_size",
        "too_many_layers, intermediate_size",
        "window_null, intermediate_size",
        "gemma3_eos_scalar, intermediate_size",
        "gemma3_text, num_attention_heads",
        "gemma3_no_pattern, num_attention_heads",
        "gemma3_rope_null, num_attention_heads",
    })
    void whatIsWrongIsRefusedByItsField(String name, String field) {
        assertRefused(name, field, "expected");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bert",
                "bert_eps_overflow",
                "bert_head_dim",
                "deepseek_num_experts_both",
                "deepseek_v3",
                "deepseek_v32",
                "deepseek_v3_2_alias",
                "deepseek_v3_defaults",
                "deepseek_v3_norm_topk_false",
                "deepseek_v4",
                "gemma3_mm",
                "gemma4",
                "gemma4_minimal",
                "gemma4_no_window",
                "gemma4_null_defaults",
                "gemma4_silu",
                "layer_types_elem_wrong_type",
                "layer_types_wrong_type",
                "lfm2",
                "lfm2_both_eps",
                "lfm2_conv_L_wrong_type",
                "lfm2_conv_dim_wrong_type",
                "lfm2_norm_wrong_type",
                "lfm2_tie_wrong_type",
                "lfm2_vl_eos",
                "nemotron_eps_overflow",
                "nemotron_h",
                "nemotron_mamba_wrong_type",
                "nemotron_pattern_wrong_type",
                "nemotron_tsl_wrong_type",
                "nested_eos_union",
                "norm_eps_overflow",
                "qwen3_5",
                "qwen3_5_dense_full",
                "qwen3_5_gate_off",
                "qwen3_5_hybrid_dense",
                "qwen3_5_moe",
                "qwen3_5_moe_type",
                "qwen3_5_nested_eos",
                "qwen3_5_no_head_dim",
                "rope_both",
            })
    void otherFamiliesAreRefusedByName(String name) {
        assertRefused(name, "model_type", "llama, mistral, qwen2, qwen3, gemma3_text, phi3, gpt2");
    }

    @Test
    void mistralHasAWindowOnAllLayers() {
        DecoderConfig config = read("mistral");
        assertThat(config.architecture()).isEqualTo("mistral");
        assertThat(config.kvHeads()).isEqualTo(8);
        assertThat(config.design().windows()).hasSize(32).containsOnly(4096);
    }

    @Test
    void qwen2HasBiasesAndNoWindow() {
        DecoderConfig config = read("qwen2");
        assertThat(config.attentionBias()).isTrue();
        assertThat(config.outputBias()).isFalse();
        assertThat(config.headDim()).isEqualTo(64);
        assertThat(config.ropeTheta()).isEqualTo(1e6);
        assertThat(config.design()).isEqualTo(Design.LLAMA);
    }

    @Test
    void qwen3HasHeadsOfTheirOwnWidth() {
        DecoderConfig config = read("qwen3");
        assertThat(config.headDim()).isEqualTo(128);
        assertThat(config.queryWidth()).isEqualTo(2048);
        assertThat(config.design().headNorms()).isTrue();
        assertThat(config.tiedEmbeddings()).isTrue();
        assertThat(config.eosIds()).containsExactly(151645);
    }
}
