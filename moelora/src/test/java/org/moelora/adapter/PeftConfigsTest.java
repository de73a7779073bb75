package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.testing.Published;

/** The configurations of PEFT's own comparisons of methods: each is read, or refused with the field named. */
class PeftConfigsTest {
    private static Path published(String name) {
        return Published.file("configs/peft-configs/" + name);
    }

    @ParameterizedTest
    @CsvSource({
        "flux2-klein-default.json, 32, 32, 11",
        "flux2-klein-rank64.json, 64, 64, 11",
        "llama-3.2-3B-rank10-target-mlp.json, 10, 20, 3",
        "lora_r8.json, 8, 16, 2",
    })
    void isRead(String name, int rank, double alpha, int targets) {
        assertThat(AdapterJson.read(Json.read(published(name)))).isInstanceOfSatisfying(LoraConfig.class, config -> {
            assertThat(config.rank()).isEqualTo(rank);
            assertThat(config.alpha()).isEqualTo(alpha);
            assertThat(config.targets().names())
                    .isInstanceOfSatisfying(
                            Targets.Suffixes.class,
                            names -> assertThat(names.of()).hasSize(targets));
        });
    }

    /** Without targets: those that PEFT has for the family. */
    @ParameterizedTest
    @CsvSource({
        "llama-3.2-3B-rank32-dora.json, 32, 64, false",
        "llama-3.2-3B-rank32-lorafa.json, 32, 64, false",
        "llama-3.2-3B-rank32-riemannian.json, 32, 64, false",
        "llama-3.2-3B-rank32.json, 32, 64, false",
        "llama-3.2-3B-rank64-rslora.json, 64, 64, true",
        "llama-3.2-3B-rank64.json, 64, 128, false",
    })
    void isReadForItsFamily(String name, int rank, double alpha, boolean stabilised) {
        assertThat(AdapterJson.read(Json.read(published(name)))).isInstanceOfSatisfying(LoraConfig.class, config -> {
            assertThat(config.rank()).isEqualTo(rank);
            assertThat(config.alpha()).isEqualTo(alpha);
            assertThat(config.rankStabilised()).isEqualTo(stabilised);
            assertThat(config.dora()).isEqualTo(name.contains("dora"));
            assertThat(config.targets()).isEqualTo(Targets.of(new Targets.Usual()));
        });
    }

    @ParameterizedTest
    @CsvSource({
        "flux2-klein-rank64-kasa.json, kasa_config",
        "llama-3.2-3B-all-attn-5k-lr0.005.json, peft_type",
        "llama-3.2-3B-default.json, peft_type",
        "llama-3.2-3B-lr_0.001.json, peft_type",
        "llama-3.2-3B-rank14-target-mlp-bdlora.json, use_bdlora",
        "llama-3.2-3B-rank32-kasa.json, kasa_config",
        "llama-3.2-3B-rank32-mica.json, init_lora_weights",
    })
    void isRefused(String name, String field) {
        Path file = published(name);
        assertThatThrownBy(() -> AdapterJson.read(Json.read(file)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(field)
                .hasMessageContaining("expected");
    }

    /** Settings of another program's trainings, each with its adapters' in a list: no adapter's own. */
    @ParameterizedTest
    @ValueSource(strings = {"lora", "loramoe", "mixlora", "mixlora_dynamic", "mola"})
    void settingsOfATrainingAreNoAdapter(String method) {
        for (String family : List.of("", "_glm", "_phi", "_phi3")) {
            Path file = Published.file("configs/moe-peft-configs/" + method + family + ".json");
            assertThatThrownBy(() -> AdapterJson.read(Json.read(file)))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining(method + family + ".json")
                    .hasMessageEndingWith("field \"peft_type\" is missing; expected LORA or MOELORA");
            // With a type, it is the first field of another form that is named.
            JsonObject one = Json.read(file).array("lora").object(0);
            Map<String, Object> typed = new LinkedHashMap<>();
            typed.put("peft_type", "LORA");
            one.names().forEach(name -> typed.put(name, one.get(name)));
            assertThatThrownBy(() -> AdapterJson.read(Json.parse(JsonWriter.pretty(typed), "one")))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("target_modules")
                    .hasMessageContaining("; expected a list of names");
        }
    }
}
