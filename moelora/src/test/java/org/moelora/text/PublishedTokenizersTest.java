package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.testing.Published;

/** Tokenizers of published models, against the ids that other implementations gave for the same texts. */
class PublishedTokenizersTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource({"gpt2, gpt-2", "llama3, llama-bpe", "qwen2.5, qwen2", "tinyllama, llama-spm"})
    void givesTheIdsThatLlamaCppGives(String folder, String vectors) throws IOException {
        Tokenizer tokenizer = read(folder);
        String file = "tokenizers/llama.cpp-vectors/ggml-vocab-" + vectors + ".gguf";
        String[] texts = Files.readString(Published.file(file + ".inp")).split("\n__ggml_vocab_test__\n", -1);
        String[] expected = Files.readString(Published.file(file + ".out")).split("\n", -1);
        assertThat(texts).hasSameSizeAs(expected).hasSize(47);
        for (int i = 0; i < texts.length; i++) {
            int[] ids = tokenizer.encode(texts[i], false);
            assertThat(ids).as(texts[i]).containsExactly(ids(expected[i]));
            assertThat(tokenizer.decode(ids)).isEqualTo(texts[i]);
        }
    }

    @Test
    void givesTheIdsOfLlama3sOwnTests() {
        Tokenizer tokenizer = read("llama3");
        JsonObject vectors = Json.read(Published.file("tokenizers/llama3/vectors.json"));
        for (JsonObject row : vectors.array("cases").objects()) {
            int[] expected = row.array("ids").integers();
            if (row.flag("eos", false)) {
                assertThat(expected[expected.length - 1])
                        .isEqualTo(tokenizer.eosId().orElseThrow());
                expected = Arrays.copyOf(expected, expected.length - 1);
            }
            assertThat(tokenizer.encode(row.string("text"), true)).containsExactly(expected);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "gpt2, 50257, , 50256",
        "llama3, 128256, 128000, 128001",
        "qwen2.5, 151665, , 151645",
        "tinyllama, 32000, 1, 2"
    })
    void knowsItsEnds(String folder, int size, Integer begin, int end) {
        Tokenizer tokenizer = read(folder);
        assertThat(tokenizer.vocabularySize()).isEqualTo(size);
        assertThat(tokenizer.bosId()).isEqualTo(begin == null ? OptionalInt.empty() : OptionalInt.of(begin));
        assertThat(tokenizer.eosId()).hasValue(end);
        assertThat(tokenizer.isSpecial(end)).isTrue();
    }

    private static Tokenizer read(String folder) {
        return Tokenizer.read(Published.file("tokenizers/" + folder + "/tokenizer.json"));
    }

    private static int[] ids(String line) {
        return Arrays.stream(line.strip().split(" "))
                .filter(word -> !word.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
    }
}
