package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.engine.InputException;
import org.moelora.engine.io.Json;

/** The configurations of PEFT's own comparisons of methods: each is read, or refused with the field named. */
class PeftConfigsTest {
    private static Path published(String name) {
        Path file = Path.of("../../shared/data/configs/peft-configs").resolve(name);
        assumeTrue(Files.exists(file), () -> "there is no " + file + ", which is not part of this project");
        return file;
    }

    @ParameterizedTest
    @CsvSource({
        "flux2-klein-rank64.json, 64, 64, 11",
        "llama-3.2-3B-rank10-target-mlp.json, 10, 20, 3",
        "lora_r8.json, 8, 16, 2",
    })
    void isRead(String name, int rank, double alpha, int targets) {
        assertThat(AdapterFolder.readConfig(Json.read(published(name))))
                .isInstanceOfSatisfying(LoraConfig.class, config -> {
                    assertThat(config.rank()).isEqualTo(rank);
                    assertThat(config.alpha()).isEqualTo(alpha);
                    assertThat(config.targets()).hasSize(targets);
                });
    }

    @ParameterizedTest
    @CsvSource({
        "flux2-klein-default.json, targets",
        "flux2-klein-rank64-kasa.json, kasa_config",
        "llama-3.2-3B-all-attn-5k-lr0.005.json, peft_type",
        "llama-3.2-3B-default.json, peft_type",
        "llama-3.2-3B-lr_0.001.json, peft_type",
        "llama-3.2-3B-rank14-target-mlp-bdlora.json, use_bdlora",
        "llama-3.2-3B-rank32-dora.json, use_dora",
        "llama-3.2-3B-rank32-kasa.json, kasa_config",
        "llama-3.2-3B-rank32-lorafa.json, target_modules",
        "llama-3.2-3B-rank32-mica.json, init_lora_weights",
        "llama-3.2-3B-rank32-riemannian.json, target_modules",
        "llama-3.2-3B-rank32.json, target_modules",
        "llama-3.2-3B-rank64-rslora.json, target_modules",
        "llama-3.2-3B-rank64.json, target_modules",
    })
    void isRefused(String name, String field) {
        assertThatThrownBy(() -> AdapterFolder.readConfig(Json.read(published(name))))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(field)
                .hasMessageContaining("expected");
    }
}
