package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Collections;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;

/** Small files that ask for much. The time limit turns a tokenizer that never ends into a failure. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileTokenizerTest {
    @TempDir
    private Path folder;

    private static String sequence(String list, String step, int times) {
        return "{\"type\": \"Sequence\", \"" + list + "\": [" + String.join(",", Collections.nCopies(times, step))
                + "]}";
    }

    private void refused(TokenizerFixture fixture, String why) {
        assertThatThrownBy(() -> fixture.in(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(why)
                .hasMessageContaining("expected");
    }

    @Test
    void replacementsThatDoubleATextAreStopped() {
        String doubling = "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}";
        Tokenizer tokenizer = TokenizerFixture.ofCharacters()
                .field("normalizer", sequence("normalizers", doubling, 60))
                .in(folder);
        assertThat(tokenizer.encode("bc", false)).hasSize(2);
        assertThatThrownBy(() -> tokenizer.encode("abc", false))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("its replacements make a text longer than");
    }

    @Test
    void oneReplacementByAVeryLongTextIsStopped() {
        String exploding = "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \""
                + "x".repeat(100_000) + "\"}";
        Tokenizer tokenizer =
                TokenizerFixture.ofCharacters().field("normalizer", exploding).in(folder);
        assertThatThrownBy(() -> tokenizer.encode("a".repeat(100_000), false))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("longer than");
    }

    @Test
    void theDecodersReplacementsAreStoppedToo() {
        String doubling = "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}";
        Tokenizer tokenizer = TokenizerFixture.ofCharacters()
                .field("decoder", sequence("decoders", doubling, 60))
                .in(folder);
        int[] ids = tokenizer.encode("a", false);
        assertThatThrownBy(() -> tokenizer.decode(ids))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("longer than");
    }

    @ParameterizedTest
    @ValueSource(strings = {"NFC", "NFD", "NFKC", "NFKD"})
    void endlessMarksAreNotPutInOrder(String form) {
        Tokenizer tokenizer = TokenizerFixture.ofCharacters()
                .model("unk_token", "\"?\"")
                .field("normalizer", "{\"type\": \"" + form + "\"}")
                .in(folder);
        String marks = "\u0316\u0301";
        assertThat(tokenizer.encode("a" + marks.repeat(512), false)).isNotEmpty();
        assertThat(tokenizer.encode(("a" + marks.repeat(20)).repeat(2000), false))
                .isNotEmpty();
        assertThatThrownBy(() -> tokenizer.encode("a" + marks.repeat(500_000), false))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("1024 combining marks in a row");
    }

    @Test
    void sequencesAreBounded() {
        refused(
                TokenizerFixture.ofCharacters().field("normalizer", sequence("normalizers", "{\"type\": \"NFC\"}", 65)),
                "more than 64 steps");
        String inner = sequence("pretokenizers", "{\"type\": \"Digits\"}", 20);
        refused(
                TokenizerFixture.ofCharacters().field("pre_tokenizer", sequence("pretokenizers", inner, 20)),
                "more than 64 steps");
        refused(
                TokenizerFixture.ofCharacters()
                        .field("pre_tokenizer", sequence("pretokenizers", "{\"type\": \"ByteLevel\"}", 2)),
                "several steps ByteLevel");
    }

    @Test
    void aTemplateIsBounded() {
        String ids = String.join(",", Collections.nCopies(65, "0"));
        refused(
                TokenizerFixture.ofCharacters().field("post_processor", """
                {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}}],
                 "special_tokens": {"x": {"ids": [%s]}}}""".formatted(ids)),
                "at most 64 special tokens");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 16777216, Integer.MIN_VALUE})
    void idsOutsideTheirRangeAreRefused(int id) {
        refused(
                TokenizerFixture.ofCharacters().field("added_tokens", "[{\"id\": " + id + ", \"content\": \"<x>\"}]"),
                "an id of 24 bits");
        refused(
                TokenizerFixture.ofCharacters().field("post_processor", """
                {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}}],
                 "special_tokens": {"x": {"ids": [%d]}}}""".formatted(id)),
                "has a post_processor with the id " + id);
        TokenizerFixture.write(folder.resolve("config.json"), "{\"eos_token_id\": " + id + "}");
        refused(TokenizerFixture.ofCharacters().field("added_tokens", "[]"), "eos_token_id");
    }

    @Test
    void addedTokensAreBounded() {
        refused(
                TokenizerFixture.ofCharacters()
                        .field("added_tokens", "[{\"id\": 200, \"content\": \"" + "x".repeat(1025) + "\"}]"),
                "at most 1024 characters");
        var many = new StringBuilder("[");
        for (int i = 0; i < 1100; i++) {
            many.append(i == 0 ? "" : ",")
                    .append("{\"id\": ")
                    .append(200 + i)
                    .append(", \"content\": \"")
                    .append(i)
                    .append("x".repeat(1000))
                    .append("\"}");
        }
        refused(
                TokenizerFixture.ofCharacters()
                        .field("added_tokens", many.append("]").toString()),
                "1048576");
    }

    @Test
    void whatAFileSaysCannotMoveTheCursor() {
        assertThatThrownBy(() -> TokenizerFixture.ofCharacters()
                        .field("normalizer", "{\"type\": \"\\u001b[2J\\nowned\\u202e\"}")
                        .in(folder))
                .isInstanceOf(InputException.class)
                .satisfies(e -> assertThat(e.getMessage().codePoints())
                        .noneMatch(c -> Character.isISOControl(c) || c == 0x202E));
    }
}
