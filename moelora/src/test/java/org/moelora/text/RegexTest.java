package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.engine.io.Json;
import org.moelora.engine.io.JsonWriter;

/** The time limit turns an expression that never ends into a failure. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RegexTest {
    private static Regex regex(String regex) {
        return Regex.read(Json.parse("{\"pattern\":{\"Regex\":" + JsonWriter.line(regex) + "}}", "tokenizer.json"));
    }

    private static int matches(Regex regex, String text) {
        Regex.Search search = regex.in(text);
        int count = 0;
        while (search.next()) {
            count++;
        }
        return count;
    }

    /** As published by GPT-2, Llama 3, GPT-4o and DeepSeek. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                        + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                        + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s+(?!\\S)|\\s+",
                "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                        + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "(?=(\\d{3})+(?!\\d))",
            })
    void theExpressionsOfKnownTokenizersAreRead(String published) {
        assertThat(matches(regex(published), "It's 1234567 words,\n\n  and more.".repeat(2000)))
                .isPositive();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a*)*b",
                "(a?){1000000000}",
                "(?:|){60}x",
                "(?:(?:){2000000000}){2000000000}",
                "(?:^|\\b)x",
                "(?:a*|b*)x",
                "(a)\\1",
                "(?<x>a)\\k<x>",
                "\\Qa\\E",
                "(?x) a # b",
                "(?:$)*",
                "(?:(?=a))+",
            })
    void choicesBetweenNothingAndNothingAreRefused(String hostile) {
        assertThatThrownBy(() -> regex(hostile))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("expected a regular expression without");
    }

    @Test
    void nestingAndLengthAreBounded() {
        assertThatThrownBy(() -> regex("(".repeat(3000) + "a" + ")".repeat(3000)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("groups in one another");
        assertThatThrownBy(() -> regex("[".repeat(4000) + "a" + "]".repeat(4000)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("groups in one another");
        assertThatThrownBy(() -> regex("a".repeat(RegexGuard.MAX_LENGTH + 1)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "a)", "[a", "*", "(?<a", "\\p{Xyz}", "a{2,1}", "\\", "(?", "[z-a]"})
    void whatIsNoRegularExpressionIsRefused(String broken) {
        assertThatThrownBy(() -> regex(broken))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("expected a regular expression");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(?:a|a)+b", "(?:a+)+b", "(?:a|aa)+$x", "a+a+a+a+a+a+b"})
    void backtrackingIsBounded(String slow) {
        Regex regex = regex(slow);
        assertThat(matches(regex, "aab")).isBetween(0, 1);
        assertThatThrownBy(() -> matches(regex, "a".repeat(5000)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("takes too long on a text");
    }

    @Test
    void aDeepMatchIsRefusedAndNoStackOverflow() {
        Regex regex = regex("(?:a|b)*c");
        assertThatThrownBy(() -> matches(regex, "ab".repeat(500_000)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("takes too long on a text");
    }

    @Test
    void readsAreCountedPerTextSoThatLongTextsPass() {
        assertThat(matches(regex("\\p{L}+|\\s+"), "word ".repeat(200_000))).isEqualTo(400_000);
    }
}
