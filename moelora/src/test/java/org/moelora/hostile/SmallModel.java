package org.moelora.hostile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.moelora.io.SafetensorsWriter;
import org.moelora.model.GgufOf;
import org.moelora.text.TokenizerFixture;

/** A whole model of a few thousand random parameters, with a tokenizer, quick enough to be opened thousands of times. */
final class SmallModel {
    static final int VOCABULARY = 100;
    private static final int HIDDEN = 8;
    private static final int INTERMEDIATE = 12;

    static final String ROWS = """
            {"prompt": "one and ", "completion": "two", "task": "add"}
            {"instruction": "Say it", "input": "again", "output": "it"}
            {"messages": [{"role": "user", "content": "hm?"}, {"role": "assistant", "content": "yes"}]}
            {"text": "plain words"}
            {"input_ids": [1, 5, 9, 12], "labels": [-100, 5, 9, 12]}
            """;

    private SmallModel() {}

    /** Writes config.json, model.safetensors and tokenizer.json into the folder. */
    static Path write(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), """
                {"model_type": "llama", "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1,
                 "vocab_size": 100, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-6,
                 "rope_theta": 10000.0, "max_position_embeddings": 64, "tie_word_embeddings": true,
                 "bos_token_id": 0, "eos_token_id": [1],
                 "rope_scaling": {"rope_type": "llama3", "factor": 2.0, "low_freq_factor": 1.0,
                  "high_freq_factor": 4.0, "original_max_position_embeddings": 32}}
                """);
        SafetensorsWriter weights = new SafetensorsWriter().metadata("format", "pt");
        Random random = new Random(1);
        shapes().forEach((name, shape) -> {
            long size = 1;
            for (long dim : shape) {
                size *= dim;
            }
            float[] values = new float[(int) size];
            for (int i = 0; i < values.length; i++) {
                values[i] = shape.length == 1 ? 1 : (float) random.nextGaussian() * 0.3f;
            }
            weights.f32(name, shape, values);
        });
        weights.write(folder.resolve("model.safetensors"));
        TokenizerFixture.ofCharacters()
                .withBos()
                .model("unk_token", "\"?\"")
                .field("normalizer", """
                        {"type": "Sequence", "normalizers": [{"type": "NFC"},
                         {"type": "Replace", "pattern": {"String": "~"}, "content": "-"}]}""")
                .field("pre_tokenizer", """
                        {"type": "Sequence", "pretokenizers": [
                         {"type": "Split", "pattern": {"Regex": "(?i:'s|'t)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}|\\\\s+(?!\\\\S)|\\\\s+"},
                          "behavior": "Isolated", "invert": false},
                         {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}""")
                .in(folder);
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"eos_token": {"content": "</s>"}, "bos_token": "<s>", "add_bos_token": true}""");
        return folder;
    }

    /** The model of a folder as a GGUF file with a tokenizer of pieces and scores. */
    static Path gguf(Path folder, Path file) throws IOException {
        String[] tokens = new String[VOCABULARY];
        float[] scores = new float[VOCABULARY];
        int[] types = new int[VOCABULARY];
        for (int i = 0; i < VOCABULARY; i++) {
            tokens[i] = i == 0
                    ? "<unk>"
                    : i == 1 ? "<s>" : i == 2 ? "</s>" : i < 90 ? String.valueOf((char) (i + 32)) : "ab" + i;
            scores[i] = -i;
            types[i] = i == 0 ? 2 : i < 3 ? 3 : 1;
        }
        Map<String, Object> keys = new LinkedHashMap<>();
        keys.put("llama.embedding_length", HIDDEN);
        keys.put("llama.block_count", 1);
        keys.put("llama.feed_forward_length", INTERMEDIATE);
        keys.put("llama.attention.head_count", 2);
        keys.put("llama.attention.head_count_kv", 1);
        keys.put("llama.context_length", 64);
        keys.put("llama.attention.layer_norm_rms_epsilon", 1e-6f);
        keys.put("llama.rope.freq_base", 10000f);
        keys.put("tokenizer.ggml.model", "llama");
        keys.put("tokenizer.ggml.tokens", tokens);
        keys.put("tokenizer.ggml.scores", scores);
        keys.put("tokenizer.ggml.token_type", types);
        keys.put("tokenizer.ggml.bos_token_id", 1);
        keys.put("tokenizer.ggml.eos_token_id", 2);
        return GgufOf.folder(
                folder,
                file,
                "llama",
                keys,
                List.of(
                        new String[] {"model\\.layers\\.", "blk."},
                        new String[] {"model\\.embed_tokens", "token_embd"},
                        new String[] {"model\\.norm", "output_norm"},
                        new String[] {"self_attn\\.([qkv])_proj", "attn_$1"},
                        new String[] {"self_attn\\.o_proj", "attn_output"},
                        new String[] {"mlp\\.(gate|up|down)_proj", "ffn_$1"},
                        new String[] {"input_layernorm", "attn_norm"},
                        new String[] {"post_attention_layernorm", "ffn_norm"}));
    }

    private static Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        String layer = "model.layers.0.";
        shapes.put("model.embed_tokens.weight", new long[] {VOCABULARY, HIDDEN});
        shapes.put(layer + "input_layernorm.weight", new long[] {HIDDEN});
        shapes.put(layer + "self_attn.q_proj.weight", new long[] {HIDDEN, HIDDEN});
        shapes.put(layer + "self_attn.k_proj.weight", new long[] {HIDDEN / 2, HIDDEN});
        shapes.put(layer + "self_attn.v_proj.weight", new long[] {HIDDEN / 2, HIDDEN});
        shapes.put(layer + "self_attn.o_proj.weight", new long[] {HIDDEN, HIDDEN});
        shapes.put(layer + "post_attention_layernorm.weight", new long[] {HIDDEN});
        shapes.put(layer + "mlp.gate_proj.weight", new long[] {INTERMEDIATE, HIDDEN});
        shapes.put(layer + "mlp.up_proj.weight", new long[] {INTERMEDIATE, HIDDEN});
        shapes.put(layer + "mlp.down_proj.weight", new long[] {HIDDEN, INTERMEDIATE});
        shapes.put("model.norm.weight", new long[] {HIDDEN});
        return shapes;
    }
}
