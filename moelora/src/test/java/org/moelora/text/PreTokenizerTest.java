package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.io.Json;

class PreTokenizerTest {
    private static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}|"
                    + " ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+";

    private static List<String> cut(String json, String text) {
        return PreTokenizer.read(Json.parse(json, "test")).cut(List.of(text), true);
    }

    private static List<String> split(String pattern, String behavior, boolean invert, String text) {
        return cut(
                "{\"type\": \"Split\", \"pattern\": " + pattern + ", \"behavior\": \"" + behavior + "\", \"invert\": "
                        + invert + "}",
                text);
    }

    /** The letters in which GPT-2's vocabulary is written. */
    @Test
    void writesBytesInGpt2sAlphabet() {
        assertThat(ByteAlphabet.letters("a é\n\0~\u007f\u00ad")).isEqualTo("aĠÃ©ĊĀ~ġÂŃ");
        Set<String> letters = new HashSet<>();
        for (int c = 0; c < 256; c++) {
            String one = new String(new byte[] {(byte) c}, StandardCharsets.ISO_8859_1);
            String letter = ByteAlphabet.letters(one);
            assertThat(ByteAlphabet.bytes(letter)).containsExactly(one.getBytes(StandardCharsets.UTF_8));
            letters.addAll(List.of(letter.split("")));
        }
        // 128 for ASCII, and in UTF-8 the two leading bytes C2 and C3 with 64 that may follow.
        assertThat(letters).hasSize(128 + 2 + 64);
        assertThat(ByteAlphabet.bytes("a b")).isNull();
    }

    @Test
    void cutsAsGpt2Does() {
        assertThat(cut("{\"type\": \"ByteLevel\", \"add_prefix_space\": false}", "I'll say  it's 42nd, ok?!\n\n x\t"))
                .containsExactly("I", "'ll", "Ġsay", "Ġ", "Ġit", "'s", "Ġ42", "nd", ",", "Ġok", "?!", "ĊĊ", "Ġx", "ĉ");
    }

    @Test
    void cutsAsLlama3Does() {
        assertThat(split(
                        "{\"Regex\": \"" + LLAMA3 + "\"}",
                        "Isolated",
                        false,
                        "WE'LL pay $12345.\r\n\n  Straße\u00a0é½ _x"))
                .containsExactly(
                        "WE", "'LL", " pay", " $", "123", "45", ".\r\n\n", " ", " Straße", "\u00a0é", "½", " _", "x");
    }

    @Test
    void readsLettersSpacesAndCaseAsUnicode() {
        // U+017F folds to s, U+2003 is white space, U+0661 a digit.
        assertThat(split("{\"Regex\": \"(?i:'s)|\\\\s+|\\\\d+\"}", "Isolated", false, "a'\u017f\u2003\u0661b"))
                .containsExactly("a", "'\u017f", "\u2003", "\u0661", "b");
    }

    @ParameterizedTest
    @CsvSource({
        "Removed,             false, the final countdown",
        "Isolated,            false, the - final - - countdown",
        "MergedWithPrevious,  false, the- final- - countdown",
        "MergedWithNext,      false, the -final - -countdown",
        "Contiguous,          false, the - final -- countdown",
        "Removed,             true,  - - -",
        "Isolated,            true,  the - final - - countdown",
        "MergedWithPrevious,  true,  the -final - -countdown",
        "MergedWithNext,      true,  the- final- - countdown",
    })
    void treatsWhatMatchedAsTheBehaviorSays(String behavior, boolean invert, String expected) {
        assertThat(split("{\"String\": \"-\"}", behavior, invert, "the-final--countdown"))
                .containsExactly(expected.strip().split(" +"));
    }

    @Test
    void takesAStringLiterally() {
        assertThat(split("{\"String\": \".\"}", "Removed", false, "a.b")).containsExactly("a", "b");
    }

    @Test
    void setsDigitsApart() {
        String text = "a12½b3";
        assertThat(cut("{\"type\": \"Digits\", \"individual_digits\": true}", text))
                .containsExactly("a", "1", "2", "½", "b", "3");
        assertThat(cut("{\"type\": \"Digits\", \"individual_digits\": false}", text))
                .containsExactly("a", "12½", "b", "3");
    }

    @Test
    void takesStepsInOrder() {
        assertThat(cut("""
            {"type": "Sequence", "pretokenizers": [
              {"type": "Digits", "individual_digits": true},
              {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}]}\
            """, "in 2024" + " x")).containsExactly("in", "Ġ", "2", "0", "2", "4", "Ġx");
    }

    @Test
    void addsASpaceOnlyWhereThereIsNone() {
        String field = "{\"type\": \"ByteLevel\", \"add_prefix_space\": true, \"use_regex\": false}";
        assertThat(cut(field, "ab c")).containsExactly("ĠabĠc");
        assertThat(cut(field, " ab")).containsExactly("Ġab");
    }
}
