package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The scanners cut as the expressions do that they stand for, which java.util.regex matches. */
class WordScannerTest {
    private static final String[] LIKELY = {
        "'",
        "'s",
        "'LL",
        "'re",
        "'V",
        "'\u017f",
        "S",
        "e",
        "l",
        "a",
        "Z",
        "0",
        "7",
        "\u0661",
        "\u00bd",
        "\u2167",
        " ",
        "  ",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "\u000b",
        "\u001c",
        "\u0085",
        "\u00a0",
        "\u2003",
        "\u2028",
        "\u3000",
        "\u200b",
        "\u00e9",
        "e\u0301",
        "\u4e2d",
        "\ud83d\ude00",
        "\ud835\udfd8",
        "\ud801\udc00",
        "\ud800",
        "\udc00",
        ".",
        "?!",
        "_",
        "\u02b0",
        "\u0e33"
    };

    private static List<String> cut(Regex regex, String text) {
        List<String> words = new ArrayList<>();
        new PreTokenizer.Cut(regex, PreTokenizer.Cut.Behavior.ISOLATED, false).cut(text, words);
        return words;
    }

    @ParameterizedTest
    @EnumSource(WordScanner.class)
    void cutsAsItsExpressionDoes(WordScanner scanner) {
        var random = new SplittableRandom(7);
        Regex byHand = Regex.of(scanner.regex());
        Regex byExpression = Regex.withoutScanner(scanner.regex());
        for (int i = 0; i < 20_000; i++) {
            var text = new StringBuilder();
            for (int length = random.nextInt(1, 12); length > 0; length--) {
                text.append(
                        random.nextInt(8) == 0
                                ? Character.toString(random.nextInt(Character.MAX_CODE_POINT + 1))
                                : LIKELY[random.nextInt(LIKELY.length)]);
            }
            assertThat(cut(byHand, text.toString()))
                    .as(text.toString())
                    .isEqualTo(cut(byExpression, text.toString()))
                    .doesNotContain("");
        }
    }

    @ParameterizedTest
    @EnumSource(WordScanner.class)
    void readsEveryCharacterAsUnicodeDoes(WordScanner scanner) {
        Regex byHand = Regex.of(scanner.regex());
        Regex byExpression = Regex.withoutScanner(scanner.regex());
        for (int from = 0; from <= Character.MAX_CODE_POINT; from += 0x400) {
            var text = new StringBuilder();
            for (int c = from; c < from + 0x400; c++) {
                text.append("a1 ").appendCodePoint(c).append("b");
            }
            assertThat(cut(byHand, text.toString())).isEqualTo(cut(byExpression, text.toString()));
        }
    }

    @Test
    void isFoundByItsExpressionOnly() {
        assertThat(WordScanner.of("\\s+")).isNull();
        assertThat(WordScanner.of(WordScanner.LLAMA3.regex())).isEqualTo(WordScanner.LLAMA3);
    }
}
