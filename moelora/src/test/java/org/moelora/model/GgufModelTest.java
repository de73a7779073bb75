package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.Lora;
import org.moelora.adapter.LoraConfig;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.io.GgmlType;
import org.moelora.io.GgufFile;
import org.moelora.io.SafetensorsFile;
import org.moelora.io.SafetensorsWriter;
import org.moelora.testing.Published;
import org.moelora.text.ChatMessage;

/** Models from GGUF files, against the same models from Hugging Face folders. */
class GgufModelTest {
    private static final int[] IDS = {1, 7, 19, 3, 3, 28, 30, 11, 2, 25};

    static final List<String[]> LLAMA = List.of(
            new String[] {"model\\.layers\\.", "blk."},
            new String[] {"model\\.embed_tokens", "token_embd"},
            new String[] {"model\\.norm", "output_norm"},
            new String[] {"lm_head", "output"},
            new String[] {"self_attn\\.qkv_proj", "attn_qkv"},
            new String[] {"self_attn\\.([qkv])_proj", "attn_$1"},
            new String[] {"self_attn\\.([qk])_norm", "attn_$1_norm"},
            new String[] {"self_attn\\.o_proj", "attn_output"},
            new String[] {"mlp\\.gate_up_proj", "ffn_up"},
            new String[] {"mlp\\.(gate|up|down)_proj", "ffn_$1"},
            new String[] {"input_layernorm", "attn_norm"});

    private static final List<String[]> GPT2 = List.of(
            new String[] {"transformer\\.h\\.", "blk."},
            new String[] {"transformer\\.wte", "token_embd"},
            new String[] {"transformer\\.wpe", "position_embd"},
            new String[] {"transformer\\.ln_f", "output_norm"},
            new String[] {"attn\\.c_attn", "attn_qkv"},
            new String[] {"attn\\.c_proj", "attn_output"},
            new String[] {"mlp\\.c_fc", "ffn_up"},
            new String[] {"mlp\\.c_proj", "ffn_down"},
            new String[] {"ln_1", "attn_norm"},
            new String[] {"ln_2", "ffn_norm"});

    @TempDir
    private Path temp;

    static List<String[]> with(List<String[]> names, String... more) {
        List<String[]> all = new ArrayList<>(names);
        for (int i = 0; i < more.length; i += 2) {
            all.add(new String[] {more[i], more[i + 1]});
        }
        return all;
    }

    static Map<String, Object> sizes(String architecture, Object... more) {
        Map<String, Object> keys = new HashMap<>(Map.of(
                architecture + ".embedding_length", 16,
                architecture + ".block_count", 2,
                architecture + ".attention.head_count", 4,
                architecture + ".context_length", 64));
        for (int i = 0; i < more.length; i += 2) {
            keys.put(architecture + "." + more[i], more[i + 1]);
        }
        return keys;
    }

    private Path gguf(Path folder, String family) throws IOException {
        Path file = temp.resolve(family + ".gguf");
        return switch (family) {
            case "phi3" ->
                GgufOf.folder(
                        folder,
                        file,
                        "phi3",
                        sizes(
                                "phi3",
                                "feed_forward_length",
                                20,
                                "attention.head_count_kv",
                                2,
                                "attention.layer_norm_rms_epsilon",
                                1e-5f,
                                "attention.sliding_window",
                                4,
                                "rope.dimension_count",
                                4),
                        with(LLAMA, "post_attention_layernorm", "ffn_norm"));
            case "qwen3" ->
                GgufOf.folder(
                        folder,
                        file,
                        "qwen3",
                        sizes(
                                "qwen3",
                                "feed_forward_length",
                                20,
                                "attention.head_count_kv",
                                2,
                                "attention.key_length",
                                6,
                                "attention.value_length",
                                6,
                                "attention.layer_norm_rms_epsilon",
                                1e-6f),
                        with(LLAMA, "post_attention_layernorm", "ffn_norm"));
            case "gemma3_text" ->
                GgufOf.folder(
                        folder,
                        file,
                        "gemma3",
                        sizes(
                                "gemma3",
                                "feed_forward_length",
                                20,
                                "attention.head_count_kv",
                                2,
                                "attention.key_length",
                                6,
                                "attention.value_length",
                                6,
                                "attention.layer_norm_rms_epsilon",
                                1e-6f,
                                "attention.sliding_window",
                                4,
                                "rope.freq_base",
                                1e6f),
                        with(
                                LLAMA,
                                "post_attention_layernorm",
                                "post_attention_norm",
                                "pre_feedforward_layernorm",
                                "ffn_norm",
                                "post_feedforward_layernorm",
                                "post_ffw_norm"));
            case "gpt2" ->
                GgufOf.folder(
                        folder,
                        file,
                        "gpt2",
                        sizes(
                                "gpt2",
                                "feed_forward_length",
                                64,
                                "context_length",
                                12,
                                "attention.layer_norm_epsilon",
                                1e-5f),
                        GPT2);
            default -> throw new IllegalArgumentException(family);
        };
    }

    /** The scalar of Gemma 3 is not in its files, and a pattern only if it is another than usual, so that the folder has those of the published models. */
    private Path folder(String family) throws IOException {
        Path folder = RandomCheckpoint.write(temp.resolve(family), family);
        Path config = folder.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"use_sliding_window\": true", "\"use_sliding_window\": false")
                        .replace("\"sliding_window_pattern\": 2", "\"sliding_window_pattern\": 6")
                        .replace("\"query_pre_attn_scalar\": 9", "\"query_pre_attn_scalar\": 6"));
        return folder;
    }

    @ParameterizedTest
    @ValueSource(strings = {"phi3", "qwen3", "gemma3_text", "gpt2"})
    void aFileHasTheLogitsOfTheFolder(String family) throws IOException {
        Path folder = folder(family);
        try (Decoder one = Decoder.load(folder);
                Decoder other = Decoder.load(gguf(folder, family))) {
            assertSameLogits(one, other);
            assertThat(other.linears()).isEqualTo(one.linears());
        }
    }

    static void assertSameLogits(Decoder one, Decoder other) {
        float[][] expected = Logits.ofWhole(one.plain(), IDS);
        float[][] logits = Logits.ofWhole(other.plain(), IDS);
        for (int t = 0; t < IDS.length; t++) {
            assertThat(logits[t]).as("token %d", t).containsExactly(expected[t], within(1e-5f));
        }
    }

    /** Llama 3.1's scaling, which files keep as a tensor of factors. */
    @Test
    void stretchedFrequenciesAreDividedByTheirFactors() throws IOException {
        Path folder = Published.file("models/hf-tiny/tiny_llama3");
        double[] stretched = DecoderConfig.read(folder.resolve("config.json")).ropeFrequencies();
        double[] factors = new double[stretched.length];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = Math.pow(500_000, -2.0 * i / 16) / stretched[i];
        }
        assertThat(factors[factors.length - 1]).isGreaterThan(1);
        double[] again = new RopeScaling.Factors(
                        Arrays.stream(factors).mapToObj(f -> (float) f).toList())
                .apply(new DecoderConfig(
                                "llama", 64, 128, 2, 256, 4, 2, 16, 1e-6f, 500_000, null, 512, false, false, false,
                                null, List.of())
                        .ropeFrequencies());
        assertThat(again).containsExactly(stretched, within(1e-7));
    }

    @Test
    void stories260kTellsTheStoryOfItsFolder() {
        try (Decoder folder = Decoder.load(Published.file("models/stories260K-hf"));
                Decoder file = Decoder.load(Published.file("models/stories260K/stories260K.gguf"))) {
            assertSameLogits(folder, file);
            GenerationOptions options = GenerationOptions.GREEDY.withMaxTokens(200);
            int[] expected = Generation.of(folder.plain(), options)
                    .ids(List.of(new int[] {1}), (sequence, id) -> true)
                    .getFirst();
            int[] ids = Generation.of(file.plain(), options)
                    .ids(List.of(new int[] {1}), (sequence, id) -> true)
                    .getFirst();
            assertThat(ids).hasSize(200).containsExactly(expected);
        }
    }

    /** Blocks in a file, and the same blocks made while a folder is loaded. */
    @ParameterizedTest
    @CsvSource({"Q8_0, Q8_0, 0.02", "Q4_0, NONE, 0.5"})
    void aFileOfBlocksHasTheLogitsOfTheBlocksOfItsFolder(GgmlType type, Quantization quantization, double off)
            throws IOException {
        Path folder = Published.file("models/stories260K-hf");
        Map<String, Object> keys = new HashMap<>(Map.of(
                "llama.embedding_length", 64,
                "llama.block_count", 5,
                "llama.attention.head_count", 8,
                "llama.attention.head_count_kv", 4,
                "llama.context_length", 512,
                "llama.feed_forward_length", 172,
                "llama.attention.layer_norm_rms_epsilon", 1e-5f));
        Path file = GgufOf.folder(
                folder,
                temp.resolve("blocks.gguf"),
                "llama",
                keys,
                with(LLAMA, "post_attention_layernorm", "ffn_norm"),
                type);
        try (Decoder floats = Decoder.load(folder);
                Decoder made = Decoder.load(folder, DeviceChoice.FASTEST, quantization);
                Decoder read = Decoder.load(file)) {
            float[][] exact = Logits.ofWhole(floats.plain(), IDS);
            float[][] logits = Logits.ofWhole(read.plain(), IDS);
            double square = 0;
            double error = 0;
            for (int t = 0; t < IDS.length; t++) {
                if (quantization != Quantization.NONE) {
                    assertThat(logits[t]).containsExactly(Logits.ofWhole(made.plain(), IDS)[t], within(2e-5f));
                }
                for (int i = 0; i < exact[t].length; i++) {
                    square += exact[t][i] * exact[t][i];
                    error += Math.pow(exact[t][i] - logits[t][i], 2);
                }
            }
            assertThat(Math.sqrt(error / square)).isBetween(1e-4, off);
        }
    }

    /** Adapters are on disk in Hugging Face's order of rows, whichever base they are on. */
    @Test
    void anAdapterOfOneIsAnAdapterOfTheOther() throws IOException {
        Path made = temp.resolve("made");
        Path again = temp.resolve("again");
        try (Decoder folder = Decoder.load(Published.file("models/stories260K-hf"));
                Decoder file = Decoder.load(Published.file("models/stories260K/stories260K.gguf"));
                Adapter adapter = Lora.create(
                        folder,
                        LoraConfig.builder()
                                .rank(2)
                                .targets(List.of("q_proj", "k_proj", "v_proj", "o_proj"))
                                .build())) {
            Random random = new Random(4);
            for (Parameter parameter : adapter.parameters().parameters()) {
                float[] values = new float[(int) parameter.shape().size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = 0.2f * (float) random.nextGaussian();
                }
                parameter.set(values);
            }
            adapter.save(made);
            asPeftWritesIt(made);
            float[][] expected = Logits.ofWhole(folder.with(adapter), IDS);
            try (Adapter onFile = Adapter.load(made, file)) {
                float[][] logits = Logits.ofWhole(file.with(onFile), IDS);
                float[][] base = Logits.ofWhole(file.plain(), IDS);
                for (int t = 0; t < IDS.length; t++) {
                    assertThat(logits[t]).as("token %d", t).containsExactly(expected[t], within(2e-5f));
                }
                assertThat(logits[5]).isNotEqualTo(base[5]);
                onFile.save(again);
            }
            asPeftWritesIt(again);
            assertThat(again.resolve("adapter_model.safetensors"))
                    .hasSameBinaryContentAs(made.resolve("adapter_model.safetensors"));
        }
    }

    /** Nothing says which base it was made for. */
    private static void asPeftWritesIt(Path adapter) {
        Path file = adapter.resolve("adapter_model.safetensors");
        SafetensorsWriter plain = new SafetensorsWriter();
        try (SafetensorsFile saved = SafetensorsFile.open(file)) {
            for (String name : saved.names()) {
                plain.f32(name, saved.info(name).shape(), saved.readFloats(name));
            }
        }
        plain.write(file);
    }

    /** The same weights as llama2.c keeps them: a header of seven integers, then floats. */
    @Test
    void stories260kHasTheNumbersOfItsBinary() throws IOException {
        ByteBuffer binary = ByteBuffer.wrap(Files.readAllBytes(Published.file("models/stories260K/stories260K.bin")))
                .order(ByteOrder.LITTLE_ENDIAN);
        int dim = binary.getInt();
        int hidden = binary.getInt();
        int layers = binary.getInt();
        int heads = binary.getInt();
        int keyWidth = dim / heads * binary.getInt();
        int vocabulary = binary.getInt();
        binary.getInt();
        try (GgufFile file = GgufFile.open(Published.file("models/stories260K/stories260K.gguf"))) {
            assertThat(file.names()).hasSize(48);
            same(file, "token_embd", binary, vocabulary * dim);
            each(file, "attn_norm", binary, layers, dim);
            each(file, "attn_q", binary, layers, dim * dim);
            each(file, "attn_k", binary, layers, keyWidth * dim);
            each(file, "attn_v", binary, layers, keyWidth * dim);
            each(file, "attn_output", binary, layers, dim * dim);
            each(file, "ffn_norm", binary, layers, dim);
            each(file, "ffn_gate", binary, layers, hidden * dim);
            each(file, "ffn_down", binary, layers, hidden * dim);
            each(file, "ffn_up", binary, layers, hidden * dim);
            same(file, "output_norm", binary, dim);
        }
    }

    private static void each(GgufFile file, String name, ByteBuffer binary, int layers, int n) {
        for (int layer = 0; layer < layers; layer++) {
            same(file, "blk." + layer + "." + name, binary, n);
        }
    }

    private static void same(GgufFile file, String name, ByteBuffer binary, int n) {
        int bytes = n * Float.BYTES;
        MemorySegment expected = MemorySegment.ofBuffer(binary.slice(binary.position(), bytes));
        binary.position(binary.position() + bytes);
        assertThat(file.segment(name + ".weight").mismatch(expected)).as(name).isEqualTo(-1);
    }

    @Test
    void aTinyLlamaInFloat16IsRead() {
        Path path = Published.file("models/gguf-llama2-tiny-random/llama-2-tiny-random.gguf");
        try (Decoder decoder = Decoder.load(path)) {
            assertThat(decoder.config().layers()).isEqualTo(1);
            assertThat(decoder.config().headDim()).isEqualTo(4);
            float[][] whole = Logits.ofWhole(decoder.plain(), IDS);
            float[][] cached = Logits.oneByOne(decoder.plain(), IDS);
            for (int t = 0; t < IDS.length; t++) {
                assertThat(cached[t]).containsExactly(whole[t], within(2e-5f));
                assertThat(whole[t][IDS[t]]).isFinite();
            }
        }
        try (GgufFile file = GgufFile.open(path)) {
            assertThat(file.names()).hasSize(12);
        }
    }

    @Test
    void whatAFileLacksOrAsksForIsNamed() throws IOException {
        Path folder = folder("qwen3");
        Map<String, Object> keys = sizes(
                "qwen3",
                "feed_forward_length",
                20,
                "attention.head_count_kv",
                2,
                "attention.layer_norm_rms_epsilon",
                1e-6f);
        refused(folder, "qwen3", plus(keys, "qwen3.embedding_length", 18), "qwen3.attention.head_count", "divisor");
        refused(folder, "qwen3", keys, "blk.0.attn_q_norm", "shape");
        keys = plus(keys, "qwen3.attention.key_length", 6);
        refused(folder, "mamba", keys, "general.architecture", "mamba");
        refused(folder, "qwen3", plus(keys, "qwen3.block_count", 0), "qwen3.block_count", "0");
        refused(folder, "qwen3", plus(keys, "qwen3.block_count", "two"), "qwen3.block_count", "two");
        refused(folder, "qwen3", plus(keys, "qwen3.block_count", 3), "blk.2", "missing");
        refused(folder, "qwen3", plus(keys, "qwen3.rope.scaling.type", "yarn"), "qwen3.rope.scaling.type", "yarn");
        refused(folder, "qwen3", plus(keys, "qwen3.rope.dimension_count", 2), "qwen3.rope.dimension_count", "part");
        refused(folder, "qwen3", plus(keys, "qwen3.expert_count", 8), "qwen3.expert_count", "8");
        refused(
                folder,
                "qwen3",
                plus(keys, "qwen3.attention.value_length", 8),
                "qwen3.attention.value_length",
                "key_length");
    }

    @Test
    void aFileSaysHowTurnsAreWrittenAndEnd() throws IOException {
        Map<String, Object> keys = new HashMap<>(sizes(
                "qwen3",
                "feed_forward_length",
                20,
                "attention.head_count_kv",
                2,
                "attention.key_length",
                6,
                "attention.layer_norm_rms_epsilon",
                1e-6f));
        keys.put("tokenizer.ggml.eos_token_id", 3);
        keys.put("tokenizer.ggml.eot_token_id", 5);
        keys.put("tokenizer.ggml.bos_token_id", -1);
        keys.put("tokenizer.chat_template", "[{{ messages[0].content }}]");
        Path file = GgufOf.folder(
                folder("qwen3"),
                temp.resolve("chat.gguf"),
                "qwen3",
                keys,
                with(LLAMA, "post_attention_layernorm", "ffn_norm"));
        try (Decoder decoder = Decoder.load(file)) {
            assertThat(decoder.eosIds()).containsExactly(3, 5);
            assertThat(decoder.tokenizer()).isNull();
            assertThat(decoder.chatTemplate().render(List.of(new ChatMessage("user", "Hi")), true))
                    .isEqualTo("[Hi]");
        }
    }

    static Map<String, Object> plus(Map<String, Object> keys, String key, Object value) {
        Map<String, Object> more = new HashMap<>(keys);
        more.put(key, value);
        return more;
    }

    private void refused(Path folder, String architecture, Map<String, Object> keys, String... words)
            throws IOException {
        Path file = GgufOf.folder(
                folder,
                temp.resolve("bad.gguf"),
                architecture,
                keys,
                with(LLAMA, "post_attention_layernorm", "ffn_norm"));
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Decoder.load(file))
                .withMessageContaining(file.toString())
                .withMessageContaining("expected")
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
    }
}
