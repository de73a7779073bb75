package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.Tape;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.DecoderConfig;
import org.moelora.model.LanguageModel;
import org.moelora.model.Vectors;

class AdapterTest {
    private Device device;
    private Decoder base;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-simd", new DeviceOptions(2, true));
        base = Decoder.load(Vectors.path("llama"), device);
    }

    @AfterEach
    void everythingIsGivenBack() {
        base.close();
        assertThat(device.memoryUse().total()).isZero();
        device.close();
    }

    @Test
    void llama7bHasTheParametersOfLoraRank36() {
        DecoderConfig llama7b = new DecoderConfig(
                "llama",
                4096,
                11008,
                32,
                32000,
                32,
                32,
                128,
                1e-6f,
                10000,
                null,
                2048,
                false,
                false,
                false,
                1,
                List.of(2));
        long mixture = MoeLoraConfig.builder().experts(8).rank(4).build().parameterCount(llama7b.linears());
        long lora = LoraConfig.builder().rank(36).build().parameterCount(llama7b.linears());
        assertThat(mixture).isEqualTo(18_874_368).isEqualTo(lora);
    }

    @Test
    void aNewAdapterLeavesEveryBitOfTheLogits() {
        float[] plain = logits(base.plain());
        try (Adapter adapter = MoeLora.create(base, MoeLoraConfig.builder().build())) {
            assertThat(adapter.parameterCount()).isEqualTo(adapter.config().parameterCount(base.linears()));
            assertThat(logits(base.with(adapter))).isEqualTo(plain);
        }
        try (Adapter adapter = Lora.create(base, LoraConfig.builder().build())) {
            assertThat(logits(base.with(adapter))).isEqualTo(plain);
        }
    }

    @Test
    void droppingAViewDetachesTheAdapter() {
        float[] plain = logits(base.plain());
        try (Adapter adapter = Adapter.load(Vectors.path("llama-moelora/adapter-trained"), base)) {
            assertThat(logits(base.with(adapter))).isNotEqualTo(plain);
            assertThat(logits(base.plain())).isEqualTo(plain);
        }
        assertThat(logits(base.plain())).isEqualTo(plain);
    }

    /** Views of one base take turns, call by call; each says what it says alone, and so does the base. */
    @Test
    void viewsAreSwitchedPerCall() {
        List<AdapterConfig> configs = List.of(
                LoraConfig.builder().rank(3).build(),
                LoraConfig.builder().rank(2).dora(true).build(),
                MoeLoraConfig.builder().build());
        List<LanguageModel> views = new ArrayList<>(List.of(base.plain()));
        List<float[]> alone = new ArrayList<>(List.of(logits(base.plain())));
        List<Adapter> adapters = new ArrayList<>();
        for (AdapterConfig config : configs) {
            Adapter adapter = Adapter.create(base, config, 1);
            adapters.add(adapter);
            randomise(adapter);
            views.add(base.with(adapter));
            alone.add(logits(base.with(adapter)));
        }
        assertThat(alone.stream().map(Arrays::hashCode)).doesNotHaveDuplicates();
        for (int call = 0; call < 24; call++) {
            int which = call * 7 % 5 % views.size();
            assertThat(logits(views.get(which))).as("call %d", call).isEqualTo(alone.get(which));
        }
        adapters.getFirst().close();
        assertThat(logits(views.get(2))).isEqualTo(alone.get(2));
        assertThatThrownBy(() -> logits(views.get(1))).isInstanceOf(IllegalStateException.class);
        adapters.forEach(Adapter::close);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora", "moelora"})
    void whatIsSavedIsWhatIsLoaded(String method, @TempDir Path temp) {
        AdapterConfig config = method.equals("lora")
                ? LoraConfig.builder()
                        .rank(3)
                        .targets(List.of("o_proj", "up_proj"))
                        .build()
                : MoeLoraConfig.builder()
                        .experts(3)
                        .topK(2)
                        .rank(2)
                        .renormalise(false)
                        .build();
        try (Adapter adapter = Adapter.create(base, config, 7)) {
            randomise(adapter);
            adapter.save(temp.resolve("a"));
            try (Adapter loaded = Adapter.load(temp.resolve("a"), base)) {
                assertThat(loaded.config()).isEqualTo(config);
                assertThat(logits(base.with(loaded))).isEqualTo(logits(base.with(adapter)));
            }
        }
    }

    @Test
    void loraIsLaidOutAsPeftHasIt(@TempDir Path temp) throws IOException {
        try (Adapter adapter = Lora.create(base, LoraConfig.builder().rank(2).build())) {
            adapter.save(temp.resolve("a"));
        }
        try (SafetensorsFile file = SafetensorsFile.open(temp.resolve("a/adapter_model.safetensors"))) {
            assertThat(file.names())
                    .containsExactlyInAnyOrder(
                            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
                            "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",
                            "base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight",
                            "base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight",
                            "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight",
                            "base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight",
                            "base_model.model.model.layers.1.self_attn.v_proj.lora_A.weight",
                            "base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight");
            assertThat(file.info("base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight")
                            .shape())
                    .containsExactly(24, 2);
        }
        assertThat(Files.readString(temp.resolve("a/adapter_config.json")))
                .contains("\"peft_type\": \"LORA\"")
                .contains("\"r\": 2");
    }

    @Test
    void ranksAndAlphasByPatternAreThoseOfPeft(@TempDir Path temp) throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .alpha(6)
                .rankStabilised(true)
                .rankPattern(Map.of("layers.1.self_attn.q_proj", 4))
                .alphaPattern(Map.of("^model\\.layers\\.0\\..*(k|v)_proj", 10.0, "elf_attn.q_proj", 99.0))
                .build();
        try (Adapter adapter = Adapter.create(base, config, 7)) {
            assertThat(adapter.sites().stream().map(config::rank)).containsExactly(2, 2, 4, 2);
            assertThat(adapter.sites().stream().map(config::alpha)).containsExactly(6.0, 10.0, 6.0, 6.0);
            assertThat(config.scale(adapter.sites().get(2))).isEqualTo(3.0);
            assertThat(config.scale(adapter.sites().get(1))).isEqualTo(10 / Math.sqrt(2));
            assertThat(adapter.parameterCount()).isEqualTo(config.parameterCount(base.linears()));
            randomise(adapter);
            adapter.save(temp.resolve("a"));
            try (Adapter loaded = Adapter.load(temp.resolve("a"), base)) {
                assertThat(loaded.config()).isEqualTo(config);
                assertThat(logits(base.with(loaded))).isEqualTo(logits(base.with(adapter)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"(a*)*", "(|a)", "(.+)+x", "a{3}", "(?=x)", "a|", "(a", "\\1", "[^.]*^"})
    void aPatternThatCouldHangIsRefused(String key) {
        assertThatThrownBy(
                        () -> LoraConfig.builder().rankPattern(Map.of(key, 4)).build())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("rank_pattern")
                .hasMessageContaining(key);
    }

    @Test
    void aPatternThatReadsWithoutEndIsRefused() {
        LoraConfig config = LoraConfig.builder()
                .rankPattern(Map.of(".*a.*a.*a.*a.*a.*a.*a.*a.*b", 4))
                .build();
        assertThatThrownBy(() -> config.rank(new LinearSite("a".repeat(200), 0, 1, 1)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("rank_pattern");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "use_qalora | true",
                "lora_bias | true",
                "modules_to_save | ['lm_head']",
                "bias | 'all'",
                "layer_replication | [[0, 4]]",
                "kasa_config | {'beta': 1}",
                "use_bdlora | {'nblocks': 2}",
                "init_lora_weights | 'pissa'",
                "init_lora_weights | 'mica'",
                "peft_type | 'IA3'",
                "rank_pattern | {'q_proj': 0}",
                "alpha_pattern | {'q_proj': -1}",
            })
    void whatChangesTheFormulaIsRefusedByItsField(String field, String value, @TempDir Path temp) throws IOException {
        withField(field, value, temp);
        assertThatThrownBy(() -> Adapter.load(temp.resolve("a"), base))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(field.equals("alpha_pattern") ? "alpha" : field);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "fan_in_fan_out | true",
                "init_lora_weights | true",
                "init_lora_weights | 'eva'",
                "eva_config | {'rho': 2.0}",
                "modules_to_save | null",
                "a_field_of_tomorrow | [1, {}]",
            })
    void whatConcernsTrainingOnlyIsTolerated(String field, String value, @TempDir Path temp) throws IOException {
        withField(field, value, temp);
        try (Adapter loaded = Adapter.load(temp.resolve("a"), base)) {
            assertThat(loaded.modules()).hasSize(4);
        }
    }

    /** The tensors are those of q_proj and v_proj on both layers. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '#',
            value = {
                "target_modules # '.*\\\\.(q|v)_proj'",
                "target_modules # ['self_attn.q_proj', 'v_proj', 'c_attn', 'lm_head']",
                "target_modules # null",
                "exclude_modules # ['k_proj', '2.self_attn.q_proj']",
                "layers_to_transform # [0, 1, 2]",
                "lora_alpha # 16.0",
            })
    void targetsOfAnyFormFindTheirTensors(String field, String value, @TempDir Path temp) throws IOException {
        withField(field, value, temp);
        try (Adapter loaded = Adapter.load(temp.resolve("a"), base)) {
            assertThat(loaded.modules()).hasSize(4);
            loaded.save(temp.resolve("b"));
            try (Adapter again = Adapter.load(temp.resolve("b"), base)) {
                assertThat(again.config()).isEqualTo(loaded.config());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '#',
            value = {
                "target_modules # 'all-linear' # k_proj.lora_A.weight is missing",
                "exclude_modules # ['0.self_attn.q_proj'] # 0.self_attn.q_proj.lora_A.weight has no place",
                "layers_to_transform # 1 # 0.self_attn.q_proj.lora_A.weight has no place",
                "target_modules # ['c_attn'] # no linear c_attn",
            })
    void otherTargetsThanTheTensorsAreRefused(String field, String value, String message, @TempDir Path temp)
            throws IOException {
        withField(field, value, temp);
        assertThatThrownBy(() -> Adapter.load(temp.resolve("a"), base))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(temp.resolve("a").toString())
                .hasMessageContaining(message);
    }

    /** PEFT has the adapter's name in its keys in memory, and takes it out when it saves. */
    @Test
    void keysMayHaveTheAdaptersName(@TempDir Path temp) throws IOException {
        float[] expected;
        try (Adapter adapter = Lora.create(base, LoraConfig.builder().rank(2).build())) {
            randomise(adapter);
            adapter.save(temp.resolve("a"));
            expected = logits(base.with(adapter));
        }
        Path file = temp.resolve("a/adapter_model.safetensors");
        SafetensorsWriter named = new SafetensorsWriter();
        SafetensorsWriter both = new SafetensorsWriter();
        try (SafetensorsFile saved = SafetensorsFile.open(file)) {
            for (String name : saved.names()) {
                String other = name.replace(".weight", ".default.weight");
                named.f32(other, saved.info(name).shape(), saved.readFloats(name));
                both.f32(name, saved.info(name).shape(), saved.readFloats(name));
                both.f32(other, saved.info(name).shape(), saved.readFloats(name));
            }
        }
        named.write(file);
        try (Adapter loaded = Adapter.load(temp.resolve("a"), base)) {
            assertThat(logits(base.with(loaded))).isEqualTo(expected);
        }
        assertThat(AdapterSummary.read(temp.resolve("a")).linears()).isEqualTo(4);
        both.write(file);
        assertThatThrownBy(() -> Adapter.load(temp.resolve("a"), base))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("lora_A.default.weight")
                .hasMessageContaining("are one");
    }

    @Test
    void aPickleIsRefusedByItsName(@TempDir Path temp) throws IOException {
        try (Adapter adapter = Lora.create(base, LoraConfig.builder().rank(2).build())) {
            adapter.save(temp.resolve("a"));
        }
        Files.move(temp.resolve("a/adapter_model.safetensors"), temp.resolve("a/adapter_model.bin"));
        assertThatThrownBy(() -> Adapter.load(temp.resolve("a"), base))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("adapter_model.bin")
                .hasMessageContaining("safe_serialization");
    }

    /** A saved LoRA adapter in the folder a, with one field of its config set. Apostrophes stand for quotation marks. */
    private void withField(String field, String value, Path temp) throws IOException {
        try (Adapter adapter = Lora.create(base, LoraConfig.builder().rank(2).build())) {
            adapter.save(temp.resolve("a"));
        }
        Path file = temp.resolve("a/adapter_config.json");
        JsonObject json = Json.read(file);
        Map<String, Object> fields = new LinkedHashMap<>();
        json.names().forEach(name -> fields.put(name, json.get(name)));
        fields.put(
                field,
                Json.parse("{\"x\": " + value.replace('\'', '"') + "}", "test").get("x"));
        Files.writeString(file, JsonWriter.pretty(fields));
    }

    @Test
    void anAdapterOfAnotherBaseIsRefused(@TempDir Path temp) {
        try (Adapter adapter = MoeLora.create(base, MoeLoraConfig.builder().build())) {
            adapter.save(temp.resolve("a"));
        }
        try (Decoder other = Decoder.load(Vectors.path("qwen2-bf16"), device)) {
            assertThatThrownBy(() -> Adapter.load(temp.resolve("a"), other))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("made for another base")
                    .hasMessageContaining("llama, not qwen2");
            assertThatThrownBy(() -> Adapter.load(Vectors.path("llama-moelora/adapter-init"), other))
                    .isInstanceOf(InputException.class)
                    .hasMessageContaining("base_model.model.model.layers.0.self_attn.q_proj.experts.0.lora_A.weight");
        }
    }

    /** Older folders have the fingerprint in their configuration. */
    @Test
    void aFingerprintInTheConfigurationCounts(@TempDir Path temp) throws IOException {
        withField("base_fingerprint", "{'architecture': 'gpt2', 'shapes': 'small', 'weights': 'abc'}", temp);
        assertThatThrownBy(() -> Adapter.load(temp.resolve("a"), base))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("made for another base: expected architecture gpt2, not llama");
        assertThat(AdapterSummary.read(temp.resolve("a")).base()).isEqualTo(new Fingerprint("gpt2", "small", "abc"));
    }

    @Test
    void impossibleSettingsAreRefusedInOneSentence() {
        assertThatThrownBy(() -> MoeLoraConfig.builder().topK(1).build())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("top-k-raw");
        assertThatThrownBy(() -> MoeLoraConfig.builder().topK(9).build()).hasMessageContaining("top-k is 9");
        assertThatThrownBy(() -> MoeLoraConfig.builder().rank(0).build()).hasMessageContaining("rank is 0");
        assertThatThrownBy(() -> Adapter.create(
                        base, LoraConfig.builder().targets(List.of("w1")).build(), 0))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("no linear w1");
        assertThat(MoeLoraConfig.builder().topK(1).renormalise(false).build().topK())
                .isEqualTo(1);
    }

    private float[] logits(LanguageModel model) {
        int[] ids = {1, 35, 48, 91, 86, 70, 6};
        try (Tape tape = Tape.inference(device)) {
            return model.logits(tape, model.hidden(tape, AdapterPass.inference(), ids, new int[] {0, 4, 7}), 3, 6)
                    .toArray();
        }
    }

    private static void randomise(Adapter adapter) {
        java.util.Random random = new java.util.Random(3);
        for (Parameter parameter : adapter.parameters().parameters()) {
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian() * 0.1f;
            }
            parameter.set(values);
        }
    }
}
