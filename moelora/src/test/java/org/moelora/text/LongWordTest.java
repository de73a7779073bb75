package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.io.Json;

/** The work of merging grows with a word's length, and what is remembered or cut apart changes no id. */
class LongWordTest {
    private static final String RUNS = """
            {"vocab": {"a": 0, "aa": 1, "aaaa": 2, "aaaaaaaa": 3, "\u2581": 4, "\u2581\u2581": 5, "b": 6, "ab": 7, "\u2581a": 8},
             "merges": ["a a", "aa aa", "aaaa aaaa", "\u2581 \u2581", "a b", "\u2581 a"]}""";

    @ParameterizedTest
    @ValueSource(strings = {"a", "\u2581", "ab", "\u2581a"})
    void aLongRunIsMergedInLinearlyManySteps(String unit) {
        BytePairs model = BytePairsFile.read(Json.parse(RUNS, "test"));
        for (int times : new int[] {1000, 10_000, 100_000}) {
            int[] letters = model.letters(unit.repeat(times));
            long steps = model.merge(letters, new IntList());
            assertThat(steps).isLessThanOrEqualTo(3L * unit.length() * times);
        }
    }

    /** Merging by the definition: the pair of the lowest rank, the leftmost first, again and again. */
    private static int[] byDefinition(String text, String[] tokens, String[][] merges) {
        List<String> symbols = new ArrayList<>(List.of(text.split("")));
        while (true) {
            int best = -1;
            int rank = merges.length;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                for (int r = 0; r < rank; r++) {
                    if (merges[r][0].equals(symbols.get(i)) && merges[r][1].equals(symbols.get(i + 1))) {
                        best = i;
                        rank = r;
                    }
                }
            }
            if (best < 0) {
                return symbols.stream()
                        .mapToInt(s -> Arrays.asList(tokens).indexOf(s))
                        .toArray();
            }
            symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cutsAtSpacesOnlyWhereNoMergeReachesOver(boolean over) {
        String[] tokens = {"a", "b", "\u2581", "ab", "\u2581a", "\u2581\u2581", "aa", over ? "b\u2581" : "bb"};
        String[][] merges = {
            {"a", "b"},
            {"\u2581", "\u2581"},
            over ? new String[] {"b", "\u2581"} : new String[] {"b", "b"},
            {"\u2581", "a"},
            {"a", "a"}
        };
        var vocab = new StringBuilder();
        for (int i = 0; i < tokens.length; i++) {
            vocab.append(i == 0 ? "" : ",")
                    .append('"')
                    .append(tokens[i])
                    .append("\":")
                    .append(i);
        }
        var pairs = new StringBuilder();
        for (String[] merge : merges) {
            pairs.append(pairs.isEmpty() ? "" : ",").append("[\"" + merge[0] + "\",\"" + merge[1] + "\"]");
        }
        BytePairs model =
                BytePairsFile.read(Json.parse("{\"vocab\": {" + vocab + "}, \"merges\": [" + pairs + "]}", "test"));
        var random = new SplittableRandom(3);
        for (int i = 0; i < 2000; i++) {
            var text = new StringBuilder();
            for (int n = random.nextInt(1, 40); n > 0; n--) {
                text.append(tokens[random.nextInt(3)]);
            }
            var ids = new IntList();
            model.encode(text.toString(), ids);
            assertThat(ids.toArray())
                    .as(text.toString())
                    .containsExactly(byDefinition(text.toString(), tokens, merges));
        }
    }

    @Test
    void whatIsRememberedIsTheSameAgain() {
        BytePairs model = BytePairsFile.read(Json.parse(RUNS, "test"));
        for (int round = 0; round < 2; round++) {
            var ids = new IntList();
            model.encode("aab\u2581\u2581aaaaa", ids);
            assertThat(ids.toArray()).containsExactly(1, 6, 5, 2, 0);
        }
    }
}
