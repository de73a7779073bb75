package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.io.GgufFile;

class GgufTokenizerTest {
    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;

    @TempDir
    private Path folder;

    /** Ids 0 to 2 are {@code <unk>}, {@code <s>} and {@code </s>}; the given pieces follow, with these scores. */
    private static GgufFixture pieces(List<String> pieces, float... scores) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        tokens.addAll(pieces);
        float[] all = new float[tokens.size()];
        System.arraycopy(scores, 0, all, 3, scores.length);
        int[] types = new int[tokens.size()];
        Arrays.fill(types, NORMAL);
        types[0] = UNKNOWN;
        types[1] = CONTROL;
        types[2] = CONTROL;
        return new GgufFixture()
                .with("model", "llama")
                .with("tokens", tokens)
                .with("scores", all)
                .with("token_type", types);
    }

    private static GgufFixture bytes() {
        return new GgufFixture()
                .with("model", "gpt2")
                .with("pre", "gpt-2")
                .with("tokens", List.of("a", "b", "\u0120", "ab", "<end>", "<tool>"))
                .with("token_type", new int[] {NORMAL, NORMAL, NORMAL, NORMAL, CONTROL, USER_DEFINED})
                .with("merges", List.of("a b"));
    }

    private void refused(GgufFixture fixture, String... words) {
        assertThatThrownBy(() -> fixture.in(folder))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(folder.resolve("model.gguf") + ": key \"tokenizer.ggml.")
                .hasMessageContaining("; expected ")
                .satisfies(e -> assertThat(e.getMessage()).contains(words));
    }

    @Test
    void mergesTheHighestScoreFirstAndTheLeftmostOfEqualOnes() {
        Tokenizer tokenizer = pieces(
                        List.of("\u2581", "a", "b", "c", "ab", "bc", "aa", "bca"), 0, 0, 0, 0, -3, -2, -4, -5)
                .with("add_space_prefix", false)
                .in(folder);
        assertThat(tokenizer.encode("abc", false)).containsExactly(4, 8);
        assertThat(tokenizer.encode("abca", false)).containsExactly(4, 10);
        assertThat(tokenizer.encode("aab", false)).containsExactly(4, 7);
        assertThat(tokenizer.encode("aaa", false)).containsExactly(9, 4);
        assertThat(tokenizer.encode("a b", false)).containsExactly(4, 3, 5);
        Tokenizer equal = pieces(List.of("\u2581", "a", "b", "c", "ab", "bc"), 0, 0, 0, 0, -1, -1)
                .in(folder);
        assertThat(equal.encode("abc", false)).containsExactly(3, 7, 6);
    }

    /** A score for every way to make a piece: merging by the definition, again and again. */
    @Test
    void givesWhatTheDefinitionGives() {
        List<String> pieces = List.of("a", "b", "aa", "ab", "ba", "aab", "baa", "aaaa", "abab", "bb", "bbb");
        float[] scores = {0, 0, -3, -1, -1, -2, -2, -6, -5, -4, -7};
        Tokenizer tokenizer =
                pieces(pieces, scores).with("add_space_prefix", false).in(folder);
        var random = new SplittableRandom(7);
        for (int i = 0; i < 2000; i++) {
            List<String> symbols = new ArrayList<>();
            for (int n = random.nextInt(1, 20); n > 0; n--) {
                symbols.add(random.nextBoolean() ? "a" : "b");
            }
            String text = String.join("", symbols);
            while (true) {
                int best = -1;
                for (int at = 0; at + 1 < symbols.size(); at++) {
                    int piece = pieces.indexOf(symbols.get(at) + symbols.get(at + 1));
                    if (piece >= 0
                            && (best < 0
                                    || scores[piece]
                                            > scores[pieces.indexOf(symbols.get(best) + symbols.get(best + 1))])) {
                        best = at;
                    }
                }
                if (best < 0) {
                    break;
                }
                symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
            }
            assertThat(tokenizer.encode(text, false))
                    .as(text)
                    .containsExactly(symbols.stream()
                            .mapToInt(s -> 3 + pieces.indexOf(s))
                            .toArray());
        }
    }

    @Test
    void aLongRunOfOneLetterIsMergedInLinearlyManySteps() {
        var vocabulary = new Vocabulary(17, 17);
        float[] scores = new float[17];
        boolean[] merged = new boolean[17];
        for (int id = 0; id < 17; id++) {
            vocabulary.put("a".repeat(id + 1), id);
            scores[id] = -id;
            merged[id] = true;
        }
        BytePairs model = new BytePairs(
                "test",
                vocabulary,
                new ScoredPieces(vocabulary, merged, scores).merges(),
                false,
                new BytePairs.Unknown(-1, false, null));
        for (int times : new int[] {1000, 10_000, 100_000}) {
            int[] letters = model.letters("a".repeat(times));
            assertThat(model.merge(letters, new IntList())).isLessThanOrEqualTo(3L * times);
        }
    }

    @Test
    void lettersWithoutAPieceAreBytesOrOneUnknownToken() {
        Tokenizer unknown = pieces(List.of("\u2581", "a")).in(folder);
        assertThat(unknown.encode("axya\uD83E\uDD99", false)).containsExactly(3, 4, 0, 4, 0);
        List<String> pieces = new ArrayList<>(List.of("\u2581", "a"));
        for (int b = 0; b < 256; b++) {
            pieces.add("<0x%02X>".formatted(b));
        }
        Tokenizer bytes = pieces(pieces).in(folder);
        int[] ids = bytes.encode("a\u20ac", false);
        assertThat(ids).containsExactly(3, 4, 5 + 0xE2, 5 + 0x82, 5 + 0xAC);
        assertThat(bytes.decode(ids)).isEqualTo("a\u20ac");
    }

    @Test
    void controlAndUserDefinedTokensAreFoundInTheRawText() {
        GgufFixture fixture = pieces(List.of("\u2581", "a", "<turn>", "  ", "aa"), 0, 0, 0, 0, 0)
                .with("token_type", new int[] {UNKNOWN, CONTROL, CONTROL, NORMAL, NORMAL, CONTROL, USER_DEFINED, UNUSED
                });
        Tokenizer tokenizer = fixture.in(folder);
        assertThat(tokenizer.encode("<turn>aa  a", true)).containsExactly(1, 5, 3, 4, 4, 6, 3, 4);
        assertThat(tokenizer.isSpecial(5)).isTrue();
        assertThat(tokenizer.isSpecial(6)).isFalse();
        assertThat(tokenizer.decode(new int[] {1, 5, 4, 6, 4, 2})).isEqualTo("a  a");
    }

    @Test
    void putsAroundATextWhatTheFileSays() {
        assertThat(pieces(List.of("a")).in(folder).encode("", true)).containsExactly(1);
        assertThat(pieces(List.of("a"))
                        .with("add_bos_token", false)
                        .with("add_eos_token", true)
                        .in(folder)
                        .encode("", true))
                .containsExactly(2);
        assertThat(pieces(List.of("a")).with("bos_token_id", 3).in(folder).bosId())
                .hasValue(3);
        assertThat(pieces(List.of("a")).with("eos_token_id", -1).in(folder).eosId())
                .isEmpty();
        assertThat(bytes().in(folder).encode("", true)).isEmpty();
        assertThat(bytes().with("pre", "llama-bpe")
                        .with("bos_token_id", 4)
                        .in(folder)
                        .encode("ab", true))
                .containsExactly(4, 3);
    }

    /** llama.cpp knows it by the model's name, since the file does not say it. */
    @Test
    void tokensOfPhi3TakeTheWhiteSpaceAfterThem() {
        GgufFixture fixture = pieces(List.of("\u2581", "a", "<|user|>", "<|endoftext|>", "<|note|>"), 0, 0, 0, 0, 0)
                .with("token_type", new int[] {UNKNOWN, CONTROL, CONTROL, NORMAL, NORMAL, CONTROL, CONTROL, USER_DEFINED
                })
                .with("add_space_prefix", false);
        String text = "<|user|>\n a</s>  a<|endoftext|> a<|note|> a\n<s> a";
        for (String name : List.of("Phi-3-mini-4k-instruct", "phi3", "My PHI-3.5")) {
            assertThat(fixture.with("general.name", name).in(folder).encode(text, false))
                    .containsExactly(5, 4, 2, 4, 6, 3, 4, 7, 4, 0, 1, 3, 4);
        }
        assertThat(fixture.with("general.name", "Phi 3").in(folder).encode("<|user|> a", false))
                .containsExactly(5, 3, 4);
    }

    @Test
    void endsOfTurnsAreControlTokensWhateverTheirType() {
        GgufFixture fixture = bytes().with("tokens", List.of("a", "b", "\u0120", "ab", "<|eot_id|>", "<|fim_prefix|>"));
        Tokenizer tokenizer = fixture.with(
                        "token_type", new int[] {NORMAL, NORMAL, NORMAL, NORMAL, NORMAL, USER_DEFINED})
                .in(folder);
        assertThat(tokenizer.encode("a<|eot_id|><|fim_prefix|>", false)).containsExactly(0, 4, 5);
        assertThat(tokenizer.decode(new int[] {0, 4, 5})).isEqualTo("a");
        Tokenizer harmony = bytes().with(
                        "tokens", List.of("<|end|>", "<|return|>", "<|call|>", "<|channel|>", "a", "b"))
                .with("token_type", new int[] {CONTROL, CONTROL, CONTROL, CONTROL, NORMAL, NORMAL})
                .with("merges", List.of("a b"))
                .with("tokens", List.of("<|end|>", "<|return|>", "<|call|>", "<|channel|>", "a", "b", "ab"))
                .with("token_type", new int[] {CONTROL, CONTROL, CONTROL, CONTROL, NORMAL, NORMAL, NORMAL})
                .in(folder);
        assertThat(harmony.decode(harmony.encode("<|channel|>a<|end|><|return|>", false)))
                .isEqualTo("<|channel|>a<|end|>");
    }

    @Test
    void takesWordsOfBytes() {
        Tokenizer tokenizer = bytes().with("eos_token_id", 4).in(folder);
        int[] ids = tokenizer.encode("ab ab<tool>ba<end>", false);
        assertThat(ids).containsExactly(3, 2, 3, 5, 1, 0, 4);
        assertThat(tokenizer.decode(ids)).isEqualTo("ab ab<tool>ba");
        assertThat(tokenizer.eosId()).hasValue(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "default",
                "gpt-2",
                "smollm",
                "starcoder",
                "command-r",
                "llama-bpe",
                "dbrx",
                "qwen2",
                "tekken",
                "gpt-4o",
                "falcon",
                "deepseek-coder",
                "deepseek-v3",
                "stablelm2",
                "seed-coder",
                "minicpm5",
                "bailingmoe",
                "viking"
            })
    void knowsTheWordsOfThatName(String pre) {
        String text = "It's 12345 \u4f60\u597d,  Caf\u00e9!\r\n\t(x)  ";
        String letters = ByteAlphabet.letters(text);
        GgufWords words = GgufWords.named(pre);
        assertThat(words).isNotNull();
        List<String> cut = words.preTokenizer().cut(List.of(text), true);
        assertThat(String.join("", cut)).isEqualTo(letters);
        assertThat(cut).doesNotContain("").hasSizeGreaterThan(8);
        boolean digits = List.of(
                        "smollm",
                        "starcoder",
                        "command-r",
                        "qwen2",
                        "tekken",
                        "deepseek-coder",
                        "stablelm2",
                        "seed-coder",
                        "bailingmoe",
                        "viking")
                .contains(pre);
        boolean threes = List.of("default", "falcon", "llama-bpe", "dbrx", "gpt-4o", "deepseek-v3", "minicpm5")
                .contains(pre);
        assertThat(cut).contains(digits ? "5" : threes ? "123" : "\u012012345");
    }

    @Test
    void whatIsNotSupportedIsRefusedByName() {
        for (String model : List.of("bert", "t5", "rwkv", "unigram")) {
            refused(new GgufFixture().with("model", model), "tokenizer.ggml.model", model);
        }
        refused(new GgufFixture(), "tokenizer.ggml.model\" is missing");
        refused(bytes().with("pre", "kimi-k2"), "tokenizer.ggml.pre", "kimi-k2");
        refused(bytes().with("add_space_prefix", true), "tokenizer.ggml.add_space_prefix\" is true");
        refused(pieces(List.of("a")).with("remove_extra_whitespaces", true), "remove_extra_whitespaces");
        refused(pieces(List.of("a")).with("precompiled_charsmap", new int[] {1}), "precompiled_charsmap");
    }

    @Test
    void whatDoesNotFitTogetherIsRefused() {
        refused(pieces(List.of("a")).with("tokens", List.of()), "has 0 elements");
        refused(pieces(List.of("a")).with("tokens", null), "has 0 elements");
        refused(pieces(List.of("a", "a")), "element 4 is \"a\"", "element 3");
        refused(pieces(List.of("a")).with("scores", new float[1]), "has 1 elements");
        refused(pieces(List.of("a")).with("scores", null), "has 0 elements");
        refused(pieces(List.of("a"), Float.NaN), "scores\", element 3 is NaN");
        refused(pieces(List.of("a")).with("token_type", new int[9]), "has 9 elements");
        refused(pieces(List.of("a".repeat(257))), "element 3", "at most 256");
        refused(pieces(List.of("a")).with("bos_token_id", 4), "bos_token_id\" is 4", "0 to 3");
        refused(bytes().with("add_bos_token", true), "bos_token_id\" is missing");
        refused(bytes().with("merges", List.of("a b", "b c")), "merges\", element 1 is \"b c\"");
        refused(bytes().with("merges", List.of("ab")), "merges\", element 0 is \"ab\"");
        refused(bytes().with("merges", null), "merges\" has 0 elements");
    }

    /** Good files with bytes changed, cut out or cut off. */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void whatIsNearlyATokenizerIsReadOrRefused() throws IOException {
        List<byte[]> good = List.of(
                Files.readAllBytes(bytes().write(folder.resolve("bytes.gguf"))),
                Files.readAllBytes(pieces(List.of("\u2581", "a", "b", "ab"), 0, 0, 0, -1)
                        .with("bos_token_id", 1)
                        .with("add_eos_token", true)
                        .write(folder.resolve("pieces.gguf"))));
        Path file = folder.resolve("model.gguf");
        var random = new SplittableRandom(9);
        int read = 0;
        int refused = 0;
        for (int i = 0; i < 2000; i++) {
            byte[] damaged = good.get(i % 2).clone();
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                damaged[random.nextInt(damaged.length)] =
                        (byte) (random.nextBoolean() ? random.nextInt(256) : random.nextInt(8));
            }
            Files.write(file, random.nextInt(8) > 0 ? damaged : Arrays.copyOf(damaged, random.nextInt(damaged.length)));
            try (GgufFile opened = GgufFile.open(file)) {
                Tokenizer tokenizer = Tokenizer.of(opened.metadata());
                tokenizer.decode(tokenizer.encode("ab a<end>b", true));
                read++;
            } catch (InputException e) {
                assertThat(e.getMessage()).contains("; expected ");
                refused++;
            }
        }
        assertThat(read).isGreaterThan(100);
        assertThat(refused).isGreaterThan(200);
    }
}
