package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.Lora;
import org.moelora.adapter.LoraConfig;
import org.moelora.data.Example;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Examples;
import org.moelora.data.Prompt;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.text.TokenizerFixture;

/** Files of a folder beside config.json, and what is no model at all. */
class ModelFolderTest {
    private static final List<int[]> PROMPT = List.of(new int[] {1, 7, 19});

    @TempDir
    private Path temp;

    private Path llama() throws IOException {
        return RandomCheckpoint.write(temp.resolve("llama"), "llama");
    }

    private static int[] written(Path folder) {
        try (Decoder decoder = Decoder.load(folder)) {
            return Generation.of(decoder.plain(), GenerationOptions.GREEDY.withMaxTokens(8))
                    .ids(PROMPT, (sequence, id) -> true)
                    .getFirst();
        }
    }

    @Test
    void aTextEndsWhereGenerationConfigSaysIt() throws IOException {
        Path folder = llama();
        int[] whole = written(folder);
        assertThat(whole).hasSizeGreaterThan(3);
        int end = whole[3];
        int first = 0;
        while (whole[first] != end) {
            first++;
        }
        for (String ids : new String[] {String.valueOf(end), "[2, " + end + "]"}) {
            Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": " + ids + "}");
            assertThat(written(folder)).as(ids).containsExactly(Arrays.copyOf(whole, first));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"eos_token_id\": 2 | [5, 9] | 2 5 9",
                "\"eos_token_id\": [2, 3] | 3 | 2 3",
                "\"eos_token_id\": [2, 3] | null | 2 3",
                "\"eos_token_id\": null | 7 | 7",
                "\"bos_token_id\": 1 | 7 | 7",
                "\"bos_token_id\": 1 | null | 2",
            })
    void endsOfBothFilesCount(String config, String generation, String ends) throws IOException {
        Path folder = RandomCheckpoint.write(temp.resolve("ends"), "llama", "\"eos_token_id\": 2", config, 7);
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": " + generation + "}");
        try (Decoder decoder = Decoder.load(folder)) {
            assertThat(decoder.eosIds())
                    .containsExactlyElementsOf(
                            Arrays.stream(ends.split(" ")).map(Integer::valueOf).toList());
        }
    }

    @Test
    void anEndBeyondTheVocabularyIsRefused() throws IOException {
        Path folder = llama();
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [2, 31]}");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Decoder.load(folder))
                .withMessageContaining("generation_config.json")
                .withMessageContaining("eos_token_id");
    }

    /** One line for all that is not used, and none where nothing is. */
    @Test
    void whatIsNotUsedIsListedOnce() throws IOException {
        Path folder = RandomCheckpoint.write(
                temp.resolve("listed"),
                "llama",
                "\"eos_token_id\"",
                "\"use_cache\": true, \"a_new_field\": 3, \"pad_token_id\": 5, \"attention_dropout\": 0.0, \"architectures\":"
                        + " [\"LlamaForCausalLM\"], \"eos_token_id\"",
                7);
        Files.writeString(folder.resolve("generation_config.json"), "{\"temperature\": 0.6, \"eos_token_id\": 2}");
        GgufKeysTest.with(folder, "model.layers.0.self_attn.rotary_emb.inv_freq", 2);
        assertThat(logged(folder))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains(folder.toString())
                        .contains("a_new_field, pad_token_id, use_cache")
                        .contains("generation_config.json: temperature")
                        .contains("rotary_emb.inv_freq")
                        .doesNotContain("dropout", "architectures"));
        assertThat(logged(llama())).isEmpty();
    }

    private static List<String> logged(Path folder) {
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(new SimpleFormatter().formatMessage(line));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(Unused.class.getName());
        logger.addHandler(handler);
        try {
            Decoder.load(folder).close();
        } finally {
            logger.removeHandler(handler);
        }
        return lines;
    }

    @ParameterizedTest
    @CsvSource({
        "model.layers.2.input_layernorm.weight",
        "model.layers.0.self_attn.q_proj.bias",
        "lm_head.bias",
        "score.weight",
        "model.layers.0.self_attn.q_proj.weight_scale"
    })
    void aTensorWithoutAPlaceIsRefused(String name) throws IOException {
        Path folder = llama();
        GgufKeysTest.with(folder, name, 16);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Decoder.load(folder))
                .withMessageContaining("tensor " + name)
                .withMessageContaining("expected");
    }

    @Test
    void masksOfGpt2AreNotNeeded() throws IOException {
        Path folder = RandomCheckpoint.write(temp.resolve("gpt2"), "gpt2");
        GgufKeysTest.with(folder, "transformer.h.0.attn.bias", 4);
        Decoder.load(folder).close();
    }

    /** A last linear beside an embedding that it is said to be: used if its numbers differ. */
    @Test
    void aHeadWithOtherNumbersIsNotTied() throws IOException {
        Path own = llama();
        Path tied = RandomCheckpoint.write(
                temp.resolve("tied"),
                "llama",
                "\"eos_token_id\"",
                "\"tie_word_embeddings\": true, \"eos_token_id\"",
                7);
        Files.copy(
                own.resolve("model.safetensors"),
                Files.createDirectories(temp.resolve("both")).resolve("model.safetensors"));
        Path both = temp.resolve("both");
        Files.copy(tied.resolve("config.json"), both.resolve("config.json"));
        assertThat(logits(both)).isDeepEqualTo(logits(own));
        SafetensorsWriter same = new SafetensorsWriter();
        try (SafetensorsFile file = SafetensorsFile.open(tied.resolve("model.safetensors"))) {
            for (String name : file.names()) {
                same.f32(name, file.info(name).shape(), file.readFloats(name));
            }
            String table = "model.embed_tokens.weight";
            same.f32("lm_head.weight", file.info(table).shape(), file.readFloats(table));
        }
        float[][] expected = logits(tied);
        same.write(tied.resolve("model.safetensors"));
        assertThat(logits(tied)).isDeepEqualTo(expected);
    }

    private static float[][] logits(Path folder) {
        try (Decoder decoder = Decoder.load(folder)) {
            return Logits.ofWhole(decoder.plain(), PROMPT.getFirst());
        }
    }

    /** A text that is to be continued has no end, and is what a row begins with. */
    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true"})
    void aPromptHasNoEnd(boolean begins, boolean ends) throws IOException {
        Path folder = RandomCheckpoint.write(temp.resolve("prompt"), "llama", "31", "100", 7);
        TokenizerFixture.write(folder.resolve("tokenizer_config.json"), """
                {"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": %s, "add_eos_token": %s}""".formatted(begins, ends));
        TokenizerFixture.ofCharacters().in(folder);
        Path rows = TokenizerFixture.write(temp.resolve("rows.jsonl"), """
                {"prompt": "AB", "completion": "C"}
                """);
        try (Decoder decoder = Decoder.load(folder)) {
            int[] asked = begins ? new int[] {0, 36, 37} : new int[] {36, 37};
            Generation generation = Generation.of(decoder.plain(), GenerationOptions.GREEDY);
            assertThat(generation.tokens("AB")).containsExactly(asked);
            ExampleEncoder encoder =
                    new ExampleEncoder(decoder.tokenizer(), decoder.config().vocabularySize());
            Example example = Examples.read(rows).rows().getFirst();
            Prompt prompt = encoder.prompt(example);
            assertThat(prompt.ids()).containsExactly(asked);
            TokenRow row = encoder.encode(example);
            int[] whole = Arrays.copyOf(asked, asked.length + 2);
            whole[asked.length] = 38;
            whole[asked.length + 1] = 1;
            assertThat(row.inputIds()).containsExactly(whole);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model.pt | PK34 | pickle | save_pretrained",
                "pytorch_model.bin | x | pickle | save_pretrained",
                "model.safetensors | x | weights without the rest | folder",
                "model.onnx | x | ONNX | GGUF",
                "tf_model.h5 | x | TensorFlow | GGUF",
                "old.bin | tjgg | before GGUF | convert_hf_to_gguf",
                "model.tar | x | archive | unpacked",
                "config.json | {} | one file of a model | folder",
            })
    void aFileIsNamedAsWhatItIs(String name, String start, String what, String instead) throws IOException {
        Path file = temp.resolve(name);
        Files.write(file, start.replace("34", "\3\4").getBytes(StandardCharsets.ISO_8859_1));
        assertNamed(file, what, instead);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "adapter_config.json | an adapter | base",
                "run.json | a training run | base",
                "a.gguf | a.gguf | own path",
                "config.json pytorch_model.bin | pickle | save_pretrained",
                "config.json tf_model.h5 | another framework | save_pretrained",
                "config.json weights.safetensors | weights.safetensors | model.safetensors",
                "params.json consolidated.00.pth | its maker's own form | Hugging Face",
                "nothing | config.json | expected",
            })
    void aFolderIsNamedAsWhatItIs(String names, String what, String instead) throws IOException {
        Path folder = Files.createDirectories(temp.resolve("folder"));
        for (String name : names.split(" ")) {
            Files.writeString(folder.resolve(name), "{}");
        }
        assertNamed(folder, what, instead);
    }

    private static void assertNamed(Path path, String what, String instead) {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Decoder.load(path))
                .withMessageContaining(path.toString())
                .withMessageContaining(what)
                .withMessageContaining("expected")
                .withMessageContaining(instead);
    }

    @Test
    void anAdapterIsOnlyPutOnItsBase() throws IOException {
        Path more = RandomCheckpoint.write(
                temp.resolve("more"), "llama", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", 7);
        Path other = RandomCheckpoint.write(temp.resolve("other"), "llama", "", "", 8);
        try (Decoder three = Decoder.load(more);
                Decoder two = Decoder.load(llama());
                Decoder again = Decoder.load(llama());
                Decoder others = Decoder.load(other);
                Adapter adapter = Lora.create(
                        three,
                        LoraConfig.builder().rank(2).targets(List.of("q_proj")).build());
                Adapter fitting = Lora.create(
                        two,
                        LoraConfig.builder().rank(2).targets(List.of("q_proj")).build())) {
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> two.with(adapter))
                    .withMessageContaining("another base")
                    .withMessageContaining("3 layers")
                    .withMessageContaining("2 layers");
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> others.with(fitting))
                    .withMessageContaining("other weights");
            assertThat(two.with(fitting).adapter()).isSameAs(fitting);
            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> again.with(fitting))
                    .withMessageContaining("devices");
        }
    }
}
