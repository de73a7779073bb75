package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.Targets;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.StoredType;

/** What PEFT wants of a folder that it loads: fields that its configuration has, and every tensor of every adapted module under its key, and no other. */
class PeftLayoutTest {
    /** The parameters of PEFT's LoraConfig, of any version since it has DoRA. A version that does not know a field may not load it. */
    private static final Set<String> FIELDS = Set.of(
            "task_type",
            "peft_type",
            "base_model_name_or_path",
            "inference_mode",
            "r",
            "target_modules",
            "lora_alpha",
            "lora_dropout",
            "fan_in_fan_out",
            "bias",
            "use_rslora",
            "modules_to_save",
            "init_lora_weights",
            "layers_to_transform",
            "layers_pattern",
            "rank_pattern",
            "alpha_pattern",
            "use_dora");

    @TempDir
    private Path temp;

    private static Map<String, List<Long>> shapes(Path folder) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("adapter_model.safetensors"))) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            for (String name : file.names()) {
                assertThat(file.info(name).type()).isEqualTo(StoredType.F32);
                shapes.put(
                        name,
                        java.util.Arrays.stream(file.info(name).shape()).boxed().toList());
            }
        }
        return shapes;
    }

    private Path saved(String family, LoraConfig config) throws IOException {
        Path folder = temp.resolve("adapter");
        try (Decoder base = Decoder.load(RandomCheckpoint.write(temp.resolve(family), family));
                Adapter adapter = Adapter.create(base, config, 1)) {
            adapter.save(folder);
        }
        return folder;
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void gpt2(boolean dora) throws IOException {
        Path folder = saved(
                "gpt2",
                LoraConfig.builder()
                        .rank(2)
                        .alpha(6)
                        .dora(dora)
                        .targets(Targets.parse("c_attn,1.mlp.c_proj"))
                        .build());
        // Conv1D has its weight as [in, out]; A and B are [r, in] and [out, r] all the same.
        Map<String, List<Long>> expected = new LinkedHashMap<>();
        for (int layer = 0; layer < 2; layer++) {
            String key = "base_model.model.transformer.h." + layer + ".attn.c_attn.";
            expected.put(key + "lora_A.weight", List.of(2L, 16L));
            expected.put(key + "lora_B.weight", List.of(48L, 2L));
            if (dora) {
                expected.put(key + "lora_magnitude_vector", List.of(48L));
            }
        }
        String key = "base_model.model.transformer.h.1.mlp.c_proj.";
        expected.put(key + "lora_A.weight", List.of(2L, 64L));
        expected.put(key + "lora_B.weight", List.of(16L, 2L));
        if (dora) {
            expected.put(key + "lora_magnitude_vector", List.of(16L));
        }
        assertThat(shapes(folder)).containsExactlyInAnyOrderEntriesOf(expected);
        JsonObject config = Json.read(folder.resolve("adapter_config.json"));
        assertThat(FIELDS).containsAll(config.names());
        assertThat(config.flag("fan_in_fan_out")).isTrue();
        assertThat(config.flag("use_dora")).isEqualTo(dora);
        assertThat(config.array("target_modules").strings()).containsExactly("c_attn", "1.mlp.c_proj");
    }

    @Test
    void qwen3() throws IOException {
        LoraConfig lora = LoraConfig.builder()
                .rank(3)
                .alpha(6)
                .rankStabilised(true)
                .dropout(0.25)
                .targets(new Targets(new Targets.Suffixes(List.of("q_proj", "down_proj")), null, List.of(1), List.of()))
                .rankPattern(Map.of("mlp.down_proj", 1))
                .alphaPattern(Map.of("mlp.down_proj", 2.5))
                .build();
        Path folder = saved("qwen3", lora);
        String block = "base_model.model.model.layers.1.";
        assertThat(shapes(folder))
                .containsOnly(
                        entry(block + "self_attn.q_proj.lora_A.weight", List.of(3L, 16L)),
                        entry(block + "self_attn.q_proj.lora_B.weight", List.of(24L, 3L)),
                        entry(block + "mlp.down_proj.lora_A.weight", List.of(1L, 20L)),
                        entry(block + "mlp.down_proj.lora_B.weight", List.of(16L, 1L)));
        JsonObject config = Json.read(folder.resolve("adapter_config.json"));
        assertThat(FIELDS).containsAll(config.names());
        assertThat(config.string("peft_type")).isEqualTo("LORA");
        assertThat(config.string("task_type")).isEqualTo("CAUSAL_LM");
        assertThat(config.string("bias")).isEqualTo("none");
        assertThat(config.get("r")).isEqualTo(3L);
        // PEFT's alpha is a whole number where it can be.
        assertThat(config.get("lora_alpha")).isEqualTo(6L);
        assertThat(config.number("lora_dropout")).isEqualTo(0.25);
        assertThat(config.flag("use_rslora")).isTrue();
        assertThat(config.flag("use_dora")).isFalse();
        assertThat(config.flag("fan_in_fan_out")).isFalse();
        assertThat(config.flag("inference_mode")).isTrue();
        assertThat(config.array("layers_to_transform").integers()).containsExactly(1);
        assertThat(config.object("rank_pattern").integer("mlp.down_proj")).isEqualTo(1);
        assertThat(config.object("alpha_pattern").number("mlp.down_proj")).isEqualTo(2.5);
        assertThat(config.string("base_model_name_or_path"))
                .isEqualTo(temp.resolve("qwen3").toString());
    }

    /** All linears by their ends, as PEFT writes out what it was told in one word. */
    @Test
    void allLinearIsWrittenAsNames() throws IOException {
        Path folder = saved(
                "phi3",
                LoraConfig.builder().targets(Targets.parse("all-linear")).build());
        assertThat(shapes(folder)).hasSize(2 * 4 * 2);
        assertThat(Json.read(folder.resolve("adapter_config.json"))
                        .array("target_modules")
                        .strings())
                .containsExactly("qkv_proj", "o_proj", "gate_up_proj", "down_proj");
    }
}
