package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.io.StoredType;

/** Every family's logits, from small random checkpoints of every type of weights, against its formulas in double precision. */
class FamilyFormulasTest {
    private static final String SIZES = """
            "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 3, "vocab_size": 31, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 500.0""";

    /** Windows are shorter than the text, and differ between layers where the family can do that. */
    private static final Map<String, String> FIELDS =
            Map.of("llama", """
            "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 40}""", "mistral", """
            "sliding_window": 4, "head_dim": 6""", "qwen2", """
            "tie_word_embeddings": true, "use_sliding_window": true, "sliding_window": 5, "max_window_layers": 2""", "qwen3", """
            "head_dim": 6, "use_sliding_window": true, "sliding_window": 3, "max_window_layers": 1""", "phi3", """
            "sliding_window": 4""", "gemma3_text", """
            "head_dim": 6, "sliding_window": 4, "sliding_window_pattern": 2, "query_pre_attn_scalar": 9,
            "rope_local_base_freq": 100.0""");

    /** Longer than every window. */
    private static final int[] IDS = {1, 17, 22, 25, 0, 28, 14, 9, 20, 7, 7, 30, 19, 3, 3, 18, 5, 6};

    @TempDir
    private Path temp;

    private static Stream<Arguments> families() {
        return Stream.concat(FIELDS.keySet().stream().sorted(), Stream.of("gpt2"))
                .flatMap(family -> Stream.of(StoredType.F32, StoredType.BF16, StoredType.F16)
                        .map(type -> Arguments.of(family, type)));
    }

    private static String config(String family) {
        return family.equals("gpt2")
                ? """
                {"model_type": "gpt2", "n_embd": 16, "n_layer": 3, "n_head": 4, "n_positions": 24, "vocab_size": 31,
                 "layer_norm_epsilon": 1e-5}"""
                : "{\"model_type\": \"" + family + "\", " + SIZES + ", " + FIELDS.get(family) + "}";
    }

    private static double[][] expected(String family, Path folder) {
        return switch (family) {
            case "gpt2" -> Gpt2Formulas.logits(folder, IDS);
            case "gemma3_text" -> new GemmaFormulas(folder).logits(IDS);
            default -> LlamaFormulas.logits(folder, IDS);
        };
    }

    @ParameterizedTest
    @MethodSource("families")
    void logitsAreThoseOfTheFormulasWithAndWithoutACache(String family, StoredType type) throws IOException {
        Path folder = RandomCheckpoint.write(temp.resolve(family), config(family), type);
        double[][] expected = expected(family, folder);
        double largest = Arrays.stream(expected)
                .flatMapToDouble(Arrays::stream)
                .map(Math::abs)
                .max()
                .orElseThrow();
        try (Decoder decoder = Decoder.load(folder)) {
            assertClose(Logits.ofWhole(decoder.plain(), IDS), expected, 1e-5 * largest);
            assertClose(Logits.oneByOne(decoder.plain(), IDS), expected, 1e-5 * largest);
        }
    }

    private static void assertClose(float[][] logits, double[][] expected, double tolerance) {
        assertThat(logits).hasDimensions(expected.length, expected[0].length);
        for (int t = 0; t < logits.length; t++) {
            for (int i = 0; i < logits[t].length; i++) {
                assertThat((double) logits[t][i])
                        .as("token %d, logit %d", t, i)
                        .isCloseTo(expected[t][i], within(tolerance));
            }
        }
    }
}
