package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.io.GgufFile;
import org.moelora.io.Json;
import org.moelora.io.JsonArray;
import org.moelora.io.JsonObject;
import org.moelora.testing.Published;

/** Tokenizers in GGUF files of published models, against other implementations' ids and against the same models' tokenizer.json. */
class PublishedGgufTokenizersTest {
    private static final String VECTORS = "tokenizers/llama.cpp-vectors/ggml-vocab-";

    @TempDir
    private Path folder;

    private static Tokenizer gguf(String name) {
        try (GgufFile file = GgufFile.open(Published.file(name))) {
            return Tokenizer.of(file.metadata());
        }
    }

    private static String[] texts(String vectors) throws IOException {
        return Files.readString(Published.file(VECTORS + vectors + ".gguf.inp")).split("\n__ggml_vocab_test__\n", -1);
    }

    private static void givesTheIds(Tokenizer tokenizer, String vectors) throws IOException {
        String[] texts = texts(vectors);
        String[] expected = Files.readString(Published.file(VECTORS + vectors + ".gguf.out"))
                .split("\n", -1);
        assertThat(texts).hasSameSizeAs(expected).hasSize(47);
        for (int i = 0; i < texts.length; i++) {
            int[] ids = tokenizer.encode(texts[i], false);
            assertThat(ids)
                    .as(texts[i])
                    .containsExactly(Arrays.stream(expected[i].strip().split(" "))
                            .filter(word -> !word.isEmpty())
                            .mapToInt(Integer::parseInt)
                            .toArray());
            assertThat(tokenizer.decode(ids)).isEqualTo(texts[i]);
            TextStream stream = tokenizer.stream();
            var streamed = new StringBuilder();
            for (int id : ids) {
                String piece = stream.push(id);
                assertThat(piece.codePoints()).noneMatch(c -> c == 0xFFFD || (c >= 0xD800 && c < 0xE000));
                streamed.append(piece);
            }
            assertThat(streamed.append(stream.finish())).hasToString(texts[i]);
        }
    }

    @ParameterizedTest
    @CsvSource({"gpt-2", "llama-spm"})
    void givesTheIdsThatLlamaCppGives(String vectors) throws IOException {
        givesTheIds(gguf(VECTORS + vectors + ".gguf"), vectors);
    }

    /** The vocabulary and merges of a tokenizer.json, written as such a file is converted to GGUF. */
    @ParameterizedTest
    @CsvSource({"llama3, llama-bpe", "qwen2.5, qwen2", "gpt2, gpt-2"})
    void givesTheSameIdsUnderItsPublishedName(String name, String pre) throws IOException {
        JsonObject root = Json.read(Published.file("tokenizers/" + name + "/tokenizer.json"));
        JsonObject vocab = root.object("model").object("vocab");
        List<String> tokens = new ArrayList<>();
        for (String token : vocab.names()) {
            set(tokens, vocab.integer(token), token);
        }
        for (JsonObject added : root.array("added_tokens").objects()) {
            set(tokens, added.integer("id"), added.string("content"));
        }
        int[] types = new int[tokens.size()];
        Arrays.fill(types, 1);
        for (JsonObject added : root.array("added_tokens").objects()) {
            types[added.integer("id")] = added.flag("special", false) ? 3 : 4;
        }
        JsonArray merges = root.object("model").array("merges");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < merges.size(); i++) {
            String line = merges.get(i) instanceof String text
                    ? text
                    : merges.array(i).string(0) + " " + merges.array(i).string(1);
            if (!line.startsWith("#version")) {
                lines.add(line);
            }
        }
        Tokenizer tokenizer = new GgufFixture()
                .with("model", "gpt2")
                .with("pre", pre)
                .with("tokens", tokens)
                .with("token_type", types)
                .with("merges", lines)
                .with("bos_token_id", name.equals("llama3") ? 128000 : null)
                .in(folder);
        givesTheIds(tokenizer, pre);
        Tokenizer published = Tokenizer.read(Published.file("tokenizers/" + name + "/tokenizer.json"));
        assertThat(tokenizer.encode("<|endoftext|>a", true)).containsExactly(published.encode("<|endoftext|>a", true));
        assertThat(tokenizer.vocabularySize()).isEqualTo(tokens.size());
    }

    private static void set(List<String> tokens, int id, String token) {
        while (tokens.size() <= id) {
            tokens.add("unused " + tokens.size());
        }
        tokens.set(id, token);
    }

    @Test
    void agreesWithTheSameModelsTokenizerJson() {
        Tokenizer inGguf = gguf("models/stories260K/stories260K.gguf");
        Tokenizer json = Tokenizer.read(Published.file("models/stories260K-hf/tokenizer.json"));
        assertThat(inGguf.bosId()).isEqualTo(json.bosId()).hasValue(1);
        assertThat(inGguf.eosId()).isEqualTo(json.eosId()).hasValue(2);
        assertThat(inGguf.vocabularySize()).isEqualTo(json.vocabularySize()).isEqualTo(512);
        JsonObject expected = Json.read(Published.file("models/stories260K-hf/expected.json"));
        String story = expected.object("independent").string("text");
        List<String> texts = new ArrayList<>(List.of(
                "", " ", "  a", "<s>Lily</s> <unk>", "Zo\u00eb \u2581 \uD83E\uDD99\n\n", "a".repeat(1000), story));
        var random = new SplittableRandom(5);
        for (int i = 0; i < 300; i++) {
            int from = random.nextInt(story.length());
            texts.add(story.substring(from, random.nextInt(from, story.length()))
                    .replace('o', (char) random.nextInt(0xD800)));
        }
        for (String text : texts) {
            int[] ids = inGguf.encode(text, true);
            assertThat(ids).as(text).containsExactly(json.encode(text, true));
            assertThat(inGguf.decode(ids)).isEqualTo(json.decode(ids));
        }
        assertThat(inGguf.decode(inGguf.encode(story, true))).isEqualTo(story);
    }

    @Test
    void agreesWithTinyLlamasTokenizerJson() throws IOException {
        Tokenizer inGguf = gguf("models/gguf-llama2-tiny-random/llama-2-tiny-random.gguf");
        Tokenizer json = Tokenizer.read(Published.file("tokenizers/tinyllama/tokenizer.json"));
        for (String text : texts("llama-spm")) {
            assertThat(inGguf.encode(text, true)).as(text).containsExactly(json.encode(text, true));
        }
    }
}
