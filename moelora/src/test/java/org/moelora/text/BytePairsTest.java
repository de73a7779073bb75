package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.StringJoiner;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.moelora.engine.InputException;
import org.moelora.io.Json;

class BytePairsTest {
    private static BytePairs model(String vocab, String merges, String... more) {
        String fields = more.length == 0 ? "" : ", " + String.join(", ", more);
        return BytePairsFile.read(
                Json.parse("{\"vocab\": " + vocab + ", \"merges\": " + merges + fields + "}", "test.json"));
    }

    private static int[] encode(BytePairs model, String word) {
        var ids = new IntList();
        model.encode(word, ids);
        return ids.toArray();
    }

    @Test
    void mergesTheLowestRankFirstAndTheLeftmostOfEqualOnes() {
        String vocab = "{\"a\": 0, \"b\": 1, \"c\": 2, \"bc\": 3, \"ab\": 4, \"aa\": 5, \"abc\": 6}";
        BytePairs model = model(vocab, "[\"b c\", \"a b\", \"a a\", \"ab c\"]");
        assertThat(encode(model, "abc")).containsExactly(0, 3);
        assertThat(encode(model, "abab")).containsExactly(4, 4);
        assertThat(encode(model, "aaa")).containsExactly(5, 0);
        assertThat(encode(model, "aaaab")).containsExactly(5, 0, 4);
        assertThat(encode(model, "")).isEmpty();
    }

    @Test
    void readsMergesAsTextsAndAsPairs() {
        String vocab = "{\"a\": 0, \"b\": 1, \"ab\": 2, \" \": 3, \" a\": 4}";
        assertThat(encode(model(vocab, "[[\"a\", \"b\"], [\" \", \"a\"]]"), "ab a"))
                .containsExactly(2, 4);
        assertThat(encode(model(vocab, "[\"#version: 0.2\", \"a b\"]"), "ab")).containsExactly(2);
    }

    @Test
    void takesAWholeWordFirstWhereMergesAreIgnored() {
        String vocab = "{\"a\": 0, \"b\": 1, \"aba\": 2, \"ab\": 3}";
        assertThat(encode(model(vocab, "[\"a b\"]", "\"ignore_merges\": true"), "aba"))
                .containsExactly(2);
        assertThat(encode(model(vocab, "[\"a b\"]", "\"ignore_merges\": true"), "abab"))
                .containsExactly(3, 3);
        assertThat(encode(model(vocab, "[\"a b\"]"), "aba")).containsExactly(3, 0);
    }

    @Test
    void doesWithUnknownLettersAsTheModelSays() {
        String vocab = "{\"a\": 0, \"?\": 1}";
        assertThat(encode(model(vocab, "[]", "\"unk_token\": \"?\""), "axya")).containsExactly(0, 1, 1, 0);
        assertThat(encode(model(vocab, "[]", "\"unk_token\": \"?\"", "\"fuse_unk\": true"), "axyax"))
                .containsExactly(0, 1, 0, 1);
        assertThatThrownBy(() -> encode(model(vocab, "[]"), "a\uD83E\uDD99"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("test.json")
                .hasMessageContaining("\uD83E\uDD99");
    }

    @Test
    void fallsBackToBytes() {
        var vocab = new StringJoiner(", ", "{", "}").add("\"é\": 256");
        for (int b = 0; b < 256; b++) {
            vocab.add("\"<0x%02X>\": %d".formatted(b, b));
        }
        BytePairs model = model(vocab.toString(), "[]", "\"byte_fallback\": true");
        assertThat(encode(model, "é€")).containsExactly(256, 0xE2, 0x82, 0xAC);
    }

    /** Random merges over three letters, against the definition: look for the lowest rank, merge its leftmost place, repeat. */
    @Test
    void givesWhatTheDefinitionGives() {
        var random = new Random(7);
        for (int round = 0; round < 200; round++) {
            List<String> tokens = new ArrayList<>(List.of("a", "b", "c"));
            Map<List<String>, Integer> ranks = new LinkedHashMap<>();
            for (int m = 0; m < 12; m++) {
                String left = tokens.get(random.nextInt(tokens.size()));
                String right = tokens.get(random.nextInt(tokens.size()));
                ranks.putIfAbsent(List.of(left, right), ranks.size());
                if (!tokens.contains(left + right)) {
                    tokens.add(left + right);
                }
            }
            var vocab = new StringJoiner(", ", "{", "}");
            IntStream.range(0, tokens.size()).forEach(id -> vocab.add("\"" + tokens.get(id) + "\": " + id));
            var merges = new StringJoiner(", ", "[", "]");
            ranks.keySet().forEach(pair -> merges.add("\"" + String.join(" ", pair) + "\""));
            BytePairs model = model(vocab.toString(), merges.toString());
            String word = random.ints(1 + random.nextInt(40), 'a', 'd')
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();

            int[] ids = encode(model, word);

            assertThat(Arrays.stream(ids).mapToObj(tokens::get))
                    .as(word)
                    .containsExactlyElementsOf(defined(word, ranks));
        }
    }

    private static List<String> defined(String word, Map<List<String>, Integer> ranks) {
        List<String> symbols = new ArrayList<>(List.of(word.split("")));
        while (true) {
            int best = -1;
            int lowest = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                int rank = ranks.getOrDefault(symbols.subList(i, i + 2), Integer.MAX_VALUE);
                if (rank < lowest) {
                    lowest = rank;
                    best = i;
                }
            }
            if (best < 0) {
                return symbols;
            }
            symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
        }
    }

    /** A quadratic way of merging would take hours for this. */
    @Test
    void staysFastOnALongRunOfOneLetter() {
        BytePairs model =
                model("{\"a\": 0, \"aa\": 1, \"aaaa\": 2, \"aaaaaaaa\": 3}", "[\"a a\", \"aa aa\", \"aaaa aaaa\"]");
        int[] ids = encode(model, "a".repeat(2_000_007));
        assertThat(ids).hasSize(250_003);
        assertThat(ids).endsWith(3, 2, 1, 0);
    }

    @Test
    void refusesWhatCannotBe() {
        refused("{\"a\": 0}", "[\"a b\"]", "\"merges[0]\"", "no \"b\"");
        refused("{\"a\": 0}", "[\"a a\"]", "\"merges[0]\"", "no \"aa\"");
        refused("{\"a\": 0, \"aa\": 1}", "[\"a a a\"]", "\"merges[0]\"", "one space");
        refused("{\"a\": 0, \"aa\": 1}", "[[\"a\"]]", "\"merges[0]\"", "two tokens");
        refused("{\"a\": 0, \"b\": 0}", "[]", "\"vocab.b\"", "\"a\"");
        refused("{\"a\": -1}", "[]", "\"vocab.a\"", "0 to");
        refused("{\"a\": 2000000000}", "[]", "\"vocab.a\"", "0 to");
        refused("{}", "[]", "\"type\"", "BPE", "\"type\": \"WordPiece\"");
        refused("{}", "[]", "\"dropout\"", "none", "\"dropout\": 0.1");
        refused("{}", "[]", "\"end_of_word_suffix\"", "not supported", "\"end_of_word_suffix\": \"</w>\"");
        refused("{}", "[]", "\"unk_token\"", "vocabulary", "\"unk_token\": \"?\"");
        refused("{}", "[]", "\"byte_fallback\"", "<0x00>", "\"byte_fallback\": true");
    }

    private static void refused(String vocab, String merges, String field, String expected, String... more) {
        assertThatThrownBy(() -> model(vocab, merges, more))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("test.json: field ")
                .hasMessageContaining(field)
                .hasMessageContaining(expected);
    }
}
