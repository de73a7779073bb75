package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;

/** Which linears PEFT's fields choose. */
class TargetsTest {
    private static final List<String> LLAMA = List.of(
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
            "mlp.down_proj");
    private static final List<String> GPT2 = List.of("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj");

    /** Three layers. */
    private static List<LinearSite> sites(String blocks, List<String> linears) {
        List<LinearSite> sites = new ArrayList<>();
        for (int layer = 0; layer < 3; layer++) {
            for (String linear : linears) {
                sites.add(new LinearSite(blocks + "." + layer + "." + linear, layer, 4, 4));
            }
        }
        return sites;
    }

    /** Apostrophes stand for quotation marks. */
    private static JsonObject json(String fields) {
        return Json.parse("{" + fields.replace('\'', '"') + "}", "adapter_config.json");
    }

    private static String chosen(String fields, String blocks, List<String> linears) {
        List<LinearSite> sites = sites(blocks, linears);
        Targets targets = Targets.read(json(fields)).on(sites);
        // What is chosen is written and read again.
        assertThat(Targets.read(Json.parse(JsonWriter.pretty(targets.toJson()), "again")))
                .isEqualTo(targets);
        return sites.stream()
                .filter(targets::has)
                .map(site -> site.layer() + site.name().substring(site.name().lastIndexOf('.')))
                .collect(Collectors.joining(" "));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "'target_modules': ['q_proj', 'v_proj', 'q_proj'] # 0.q_proj 0.v_proj 1.q_proj 1.v_proj 2.q_proj 2.v_proj",
                "'target_modules': ['self_attn.o_proj'] # 0.o_proj 1.o_proj 2.o_proj",
                "'target_modules': ['model.layers.1.mlp.up_proj', '2.self_attn.q_proj'] # 1.up_proj 2.q_proj",
                "'target_modules': ['_proj', 'proj', 'model.layers.0'] # ``",
                "'target_modules': '.*\\\\.(q|k)_proj' # 0.q_proj 0.k_proj 1.q_proj 1.k_proj 2.q_proj 2.k_proj",
                "'target_modules': 'model\\\\.layers\\\\.[02]\\\\.mlp\\\\.(?:up|down)_proj' # 0.up_proj 0.down_proj 2.up_proj 2.down_proj",
                // The whole name, from its beginning to its end.
                "'target_modules': 'q_proj' # ``",
                "'target_modules': 'model.*q' # ``",
                "'target_modules': null # 0.q_proj 0.v_proj 1.q_proj 1.v_proj 2.q_proj 2.v_proj",
                "'target_modules': 'all-linear', 'exclude_modules': ['mlp.up_proj', 'k_proj', '1.self_attn.q_proj'],"
                        + " 'layers_to_transform': 1 # 1.v_proj 1.o_proj 1.gate_proj 1.down_proj",
                "'target_modules': 'All-Linear', 'exclude_modules': '.*(attn|gate|up).*' # 0.down_proj 1.down_proj 2.down_proj",
                "'target_modules': ['q_proj'], 'layers_to_transform': [0, 2] # 0.q_proj 2.q_proj",
                "'target_modules': ['q_proj'], 'layers_to_transform': [] # 0.q_proj 1.q_proj 2.q_proj",
                "'target_modules': ['q_proj'], 'layers_to_transform': [2], 'layers_pattern': 'layers' # 2.q_proj",
                "'target_modules': ['q_proj'], 'layers_to_transform': [2], 'layers_pattern': ['h', 'blocks'] # ``",
                "'target_modules': ['q_proj'], 'layers_to_transform': [7] # ``",
            })
    void ofLlama(String fields, String expected) {
        assertThat(chosen(fields, "model.layers", LLAMA)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "'target_modules': null # 0.c_attn 1.c_attn 2.c_attn",
                "'target_modules': ['attn.c_proj'], 'layers_to_transform': [1], 'layers_pattern': ['h'] # 1.c_proj",
                "'target_modules': ['c_proj'], 'exclude_modules': ['mlp.c_proj', 'attn'] # 0.c_proj 1.c_proj 2.c_proj",
            })
    void ofGpt2(String fields, String expected) {
        assertThat(chosen(fields, "transformer.h", GPT2)).isEqualTo(expected);
    }

    @Test
    void allLinearNamesThemAll() {
        List<LinearSite> sites = sites("model.layers", LLAMA);
        assertThat(Targets.parse("all-linear").on(sites))
                .isEqualTo(Targets.of(
                        List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")));
        assertThatThrownBy(() -> Targets.read(json("")).on(sites("model.layers", List.of("self_attn.qkv_proj"))))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "target_modules are not given, and nothing is usual for the base; expected some of [qkv_proj]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"q_proj", "q_proj,0.self_attn.v_proj", "all-linear", "/.*\\.[qv]_proj/"})
    void aChoiceIsWrittenAsItIsRead(String text) {
        assertThat(Targets.parse(text).names().text()).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "'target_modules': [] # target_modules",
                "'target_modules': {'q_proj': true} # target_modules",
                "'target_modules': [1] # target_modules",
                "'target_modules': '(a*)*' # target_modules",
                "'target_modules': '(?P<n>q)_proj' # target_modules",
                "'target_modules': 'q_proj\\\\Z' # target_modules",
                "'target_modules': '[a[b]]' # target_modules",
                "'target_modules': '(' # target_modules",
                "'target_modules': ['q_proj'], 'exclude_modules': 3 # exclude_modules",
                "'target_modules': ['q_proj'], 'layers_to_transform': [-1] # layers_to_transform",
                "'target_modules': ['q_proj'], 'layers_to_transform': '1' # layers_to_transform",
                "'target_modules': '.*q_proj', 'layers_to_transform': [1] # layers_to_transform",
                "'target_modules': ['q_proj'], 'layers_pattern': 'layers' # layers_pattern",
                "'target_modules': ['q_proj'], 'layers_to_transform': 0, 'layers_pattern': '(x+)+' # layers_pattern",
            })
    void whatIsNoChoiceIsRefusedByItsField(String fields, String named) {
        assertThatThrownBy(() -> Targets.read(json(fields)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(named)
                .hasMessageContaining("; expected");
    }

    /** Each star doubles the tries or more. */
    @Test
    void anExpressionThatTriesForEverIsRefused() {
        String stars = Stream.generate(() -> ".*a").limit(12).collect(Collectors.joining());
        Targets targets = Targets.of(new Targets.Expression(stars + "b"));
        assertThatThrownBy(() -> targets.has(new LinearSite("a".repeat(200), 0, 1, 1)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("target_modules")
                .hasMessageContaining("; expected");
    }
}
