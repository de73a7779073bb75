package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonWriter;

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

    private static List<String> isolated(String regex, String text) {
        return PreTokenizer.read(Json.parse(
                        "{\"type\": \"Split\", \"behavior\": \"Isolated\", \"pattern\": {\"Regex\": "
                                + JsonWriter.line(regex) + "}}",
                        "tokenizer.json"))
                .cut(List.of(text), true);
    }

    /** The pieces are those that tokenizers 0.23 gives, which matches with Oniguruma. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "\\w+; \u00b2a\u00bd!\u200cb\u00b3;[ , \u00b2a\u00bd, !\u200c, b\u00b3]",
                "[\\w]+;\u00b2a\u00bd!b;[\u00b2, a, \u00bd!, b]",
                "\\W+;a\u200d\u00b9!b;[a, \u200d, \u00b9, !, b]",
                "[^\\W_]+;ab_\u00b2c;[ab, _\u00b2, c]",
                "[\\W]+;ab\u00b2!c;[ab, \u00b2!, c]",
                "\\bb;\u00b2b ab b;[\u00b2b ab , b]",
                "\\Bb;\u00b2b ab b;[\u00b2, b,  a, b,  b]",
                "\\d;1\u0663\u00b2;[1, \u0663, \u00b2]",
                "\\s;a\u0085b\u200bc;[a, \u0085, b\u200bc]",
                "\\h+;afgF;[af, g, F]",
                "\\H+;afg;[af, g]",
                "[[:alpha:]]+;ab1\u0345;[ab, 1, \u0345]",
                "[[:^alpha:]];a1;[a, 1]",
                "[[:punct:]]+;a+!b;[a, +!, b]",
                "\\p{Punct}+;a+!b;[a+, !, b]",
                "\\p{Han}+;a\u4e2d\u3007b;[a, \u4e2d\u3007, b]",
                "\\p{^L};a1;[a, 1]",
                "\\p{Uppercase_Letter};aA;[a, A]",
                "a(?i)b|c;aB ac C abc;[aB,  , ac,  C , ab, c]",
                "(?i:a(?-i:b)c);ABC AbC;[ABC , AbC]",
                "(?mi:A.);a|b;[a|, b]",
                "(?i:[a-z]);\u017f\u212a\u0131;[\u017f, \u212a, \u0131]",
                "(?i:[^a-z]+);a\u0130\u0131b1;[a, \u0130\u0131, b, 1]",
                "(?i)i;iI\u0130;[i, I, \u0130]",
                "a{,2};aaaa;[aa, aa]",
                "a{;a{b;[a{, b]",
                "\\v;a\u000bb\u000c;[a, \u000b, b\u000c]",
                "[]a];]a;[], a]",
                "[a-z&&[^aeiou]]+;abcde;[a, bcd, e]",
                "[^a[b]c]+;abcdZ;[abc, dZ]",
                "\\x{41}b\\u0043;AbC;[AbC]",
                "a++b;aab;[aab]",
            })
    void classesAndOptionsAreOnigurumas(String regex, String text, String pieces) {
        assertThat(isolated(regex, text)).hasToString(pieces);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\X",
                "\\K",
                "\\O",
                "\\pL",
                "\\p{Xyz}",
                "\\101",
                "\\cA",
                "[\\w-.]",
                "[a-\\d]",
                "a{2}?",
                "a**",
                "(?~ab)",
                "(?u)a",
                "(?i)ss",
                "(?i:\\p{Lu})",
                "[&&a]",
                "[[:nothing:]]"
            })
    void whatJavaCannotSayIsRefusedByName(String regex) {
        assertThatThrownBy(() -> regex(regex))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("expected a regular expression without");
    }
}
