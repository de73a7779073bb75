package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.testing.Published;

/** Other people's models, against what they are published to say. */
class PublishedModelsTest {
    private static Path model(String name) {
        return Published.file("models/" + name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"stories260K-hf", "stories260K/stories260K.gguf"})
    void stories260kTellsItsPublishedStory(String name) {
        JsonObject expected =
                Json.read(model("stories260K-hf").resolve("expected.json")).object("independent");
        try (Decoder decoder = Decoder.load(model(name))) {
            String text = Generation.of(decoder.plain(), GenerationOptions.GREEDY.withMaxTokens(200))
                    .text("");
            assertThat(text.strip()).isEqualTo(expected.string("text").strip());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny_llama3", "tiny_qwen3", "tiny_mistral"})
    void tinyModelsHaveTheLogitsOfFloat64(String name) {
        Path folder = model("hf-tiny/" + name);
        JsonObject expected = Json.read(folder.resolve("expected-logits.json"));
        int[] ids = expected.array("ids").integers();
        JsonArray rows = expected.array("logits");
        try (Decoder decoder = Decoder.load(folder)) {
            float[][] logits = Logits.ofWhole(decoder.plain(), ids);
            double largest = 0;
            double off = 0;
            for (int t = 0; t < ids.length; t++) {
                double[] row = rows.array(t).numbers();
                assertThat(row).hasSize(logits[t].length);
                for (int i = 0; i < row.length; i++) {
                    largest = Math.max(largest, Math.abs(row[i]));
                    off = Math.max(off, Math.abs(row[i] - logits[t][i]));
                }
            }
            assertThat(off / largest).isLessThan(1e-4);
        }
    }

    @Test
    void gpt2GoesOnWithTheExpectedTokens() {
        Path folder = model("tiny-random-gpt2");
        try (Decoder decoder = Decoder.load(folder)) {
            for (JsonObject row :
                    Json.read(folder.resolve("expected.json")).array("greedy").objects()) {
                int[] prompt = row.array("prompt").integers();
                int[] expected = row.array("ids").integers();
                GenerationOptions options = GenerationOptions.GREEDY.withMaxTokens(expected.length - prompt.length);
                int[] more = Generation.of(decoder.plain(), options)
                        .ids(List.of(prompt), (sequence, id) -> true)
                        .getFirst();
                assertThat(more).containsExactly(Arrays.copyOfRange(expected, prompt.length, expected.length));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hf-tiny/tiny_llama3",
                "hf-tiny/tiny_qwen3",
                "hf-tiny/tiny_mistral",
                "hf-tiny/tiny_gemma3",
                "tiny-random-gpt2"
            })
    void aCacheChangesNoLogits(String name) {
        // Longer than every window of these models.
        int[] ids = {1, 17, 42, 255, 0, 128, 64, 99, 200, 7, 7, 31, 90, 3, 3, 180, 5, 6};
        try (Decoder decoder = Decoder.load(model(name))) {
            float[][] whole = Logits.ofWhole(decoder.plain(), ids);
            float[][] cached = Logits.oneByOne(decoder.plain(), ids);
            for (int t = 0; t < ids.length; t++) {
                assertThat(cached[t]).as("token %d", t).containsExactly(whole[t], within(2e-5f));
            }
        }
    }

    @Test
    void gemma3HasTheLogitsOfItsFormulas() {
        Path folder = model("hf-tiny/tiny_gemma3");
        int[] ids = {1, 17, 42, 255, 0, 128, 64, 99, 200, 7};
        double[][] expected = new GemmaFormulas(folder).logits(ids);
        try (Decoder decoder = Decoder.load(folder)) {
            float[][] logits = Logits.ofWhole(decoder.plain(), ids);
            double largest = Arrays.stream(expected)
                    .flatMapToDouble(Arrays::stream)
                    .map(Math::abs)
                    .max()
                    .orElseThrow();
            for (int t = 0; t < ids.length; t++) {
                for (int i = 0; i < expected[t].length; i++) {
                    assertThat(logits[t][i]).isCloseTo((float) expected[t][i], within((float) (1e-5 * largest)));
                }
            }
        }
    }

    @Test
    void aModelOfFourBitsIsRefusedByName() {
        Path folder = model("hf-tiny/tiny_qwen3_sharded_mlx4bit");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Decoder.load(folder))
                .withMessageContaining("config.json")
                .withMessageContaining("quantization")
                .withMessageContaining("expected");
    }
}
