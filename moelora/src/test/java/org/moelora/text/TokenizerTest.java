package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.engine.InputException;

class TokenizerTest {
    private static final String LETTERS =
            "{\"a\": 0, \"b\": 1, \"Ġ\": 2, \"ab\": 3, \"Ġab\": 4, \"Ã\": 5, \"©\": 6, \"Ã©\": 7}";
    private static final String MERGES = "[\"a b\", \"Ġ ab\", \"Ã ©\"]";

    @TempDir
    private Path folder;

    private static TokenizerFixture letters() {
        return new TokenizerFixture(LETTERS, MERGES);
    }

    @Test
    void encodesAndDecodes() {
        Tokenizer tokenizer = letters().in(folder);
        assertThat(tokenizer.encode("ab abé  b", true)).containsExactly(3, 4, 7, 2, 2, 1);
        assertThat(tokenizer.decode(new int[] {3, 4, 7, 2, 2, 1})).isEqualTo("ab abé  b");
        assertThat(tokenizer.encode("", true)).isEmpty();
        assertThat(tokenizer.vocabularySize()).isEqualTo(8);
        assertThat(tokenizer.file()).isEqualTo(folder.resolve("tokenizer.json"));
    }

    @Test
    void normalizesBeforeItCuts() {
        Tokenizer tokenizer =
                letters().field("normalizer", "{\"type\": \"NFC\"}").in(folder);
        assertThat(tokenizer.encode("e\u0301", false)).containsExactly(7);
    }

    @Test
    void findsAddedTokensBeforeAnythingElse() {
        Tokenizer tokenizer = letters()
                .field("normalizer", "{\"type\": \"NFC\"}")
                .field("added_tokens", """
                    [{"id": 8, "content": "<|x|>", "special": true, "normalized": false},
                     {"id": 9, "content": "be\u0301", "special": false, "normalized": true},
                     {"id": 12, "content": " <y>", "special": false, "normalized": false}]\
                    """)
                .in(folder);
        assertThat(tokenizer.encode("a<|x|> ab <y>b", false)).containsExactly(0, 8, 4, 12, 1);
        // Written as one character or as two, it is the same in the normalised text.
        assertThat(tokenizer.encode("b\u00e9a be\u0301", false)).containsExactly(9, 0, 2, 9);
        assertThat(tokenizer.vocabularySize()).isEqualTo(13);
        assertThat(tokenizer.isSpecial(8)).isTrue();
        assertThat(tokenizer.isSpecial(9)).isFalse();
        assertThat(tokenizer.isSpecial(-1)).isFalse();
    }

    @Test
    void leavesSpecialTokensAndIdsWithoutTokenOutOfTheText() {
        Tokenizer tokenizer = letters().field("added_tokens", """
            [{"id": 8, "content": "<|x|>", "special": true}, {"id": 12, "content": " <é>", "special": false}]\
            """).in(folder);
        assertThat(tokenizer.decode(new int[] {8, 3, 10, 12, 500, -1, 8, 1})).isEqualTo("ab <é>b");
    }

    /** Byte 3 is written "\u0103" in a vocabulary of bytes. */
    @Test
    void aByteWithoutATokenIsCalledAByte() {
        Tokenizer tokenizer = TokenizerFixture.ofCharacters().in(folder);
        assertThatThrownBy(() -> tokenizer.encode("a\u0003", false))
                .hasMessageContaining("the vocabulary has no token for the byte 0x03; expected");
        assertThatThrownBy(() -> tokenizer.encode("\u0103", false)).hasMessageContaining("no token for the byte 0xC4;");
    }

    @Test
    void writesACharacterOnlyWhenItIsComplete() {
        Tokenizer tokenizer = letters().in(folder);
        TextStream stream = tokenizer.stream();
        assertThat(stream.push(3)).isEqualTo("ab");
        assertThat(stream.push(5)).isEmpty();
        assertThat(stream.push(6)).isEqualTo("é");
        assertThat(stream.push(5)).isEmpty();
        assertThat(stream.push(0)).isEqualTo("\uFFFDa");
        assertThat(stream.push(5)).isEmpty();
        assertThat(stream.finish()).isEqualTo("\uFFFD");
        assertThat(stream.push(1)).isEqualTo("b");
        assertThat(stream.finish()).isEmpty();
    }

    /** All 256 bytes as tokens, in random order and as the bytes of a text. */
    @Test
    void streamsWhatItDecodes() {
        var vocab = new StringBuilder("{");
        for (int b = 0; b < 256; b++) {
            boolean prints = (b > 32 && b < 127) || (b > 160 && b != 173);
            int letter = prints ? b : 256 + b - (b <= 32 ? 0 : b <= 160 ? 94 : 94 + 12);
            String text = letter == '"' || letter == '\\' ? "\\" + (char) letter : Character.toString(letter);
            vocab.append(b == 0 ? "" : ", ")
                    .append('"')
                    .append(text)
                    .append("\": ")
                    .append(b);
        }
        Tokenizer tokenizer = new TokenizerFixture(vocab + "}", "[]").in(folder);
        String llama = "a\uD83E\uDD99é€";
        int[] bytes = {'a', 0xF0, 0x9F, 0xA6, 0x99, 0xC3, 0xA9, 0xE2, 0x82, 0xAC};
        assertThat(tokenizer.encode(llama, false)).containsExactly(bytes);
        assertThat(IntStream.of(bytes).mapToObj(tokenizer.stream()::push))
                .containsExactly("a", "", "", "", "\uD83E\uDD99", "", "é", "", "", "€");

        var random = new Random(3);
        for (int round = 0; round < 300; round++) {
            int[] ids = random.ints(20, 0, 256).toArray();
            byte[] raw = new byte[ids.length];
            TextStream stream = tokenizer.stream();
            var text = new StringBuilder();
            for (int i = 0; i < ids.length; i++) {
                raw[i] = (byte) ids[i];
                text.append(stream.push(ids[i]));
            }
            text.append(stream.finish());
            assertThat(text.toString())
                    .isEqualTo(tokenizer.decode(ids))
                    .isEqualTo(new String(raw, StandardCharsets.UTF_8));
        }
    }

    @Test
    void readsSentencepieceStyle() {
        var vocab = new StringBuilder("{\"<unk>\": 0, \"▁\": 1, \"a\": 2, \"▁a\": 3, \"▁▁\": 4");
        for (int b = 0; b < 256; b++) {
            vocab.append(", \"<0x%02X>\": %d".formatted(b, 5 + b));
        }
        Tokenizer tokenizer = new TokenizerFixture(vocab + "}", "[\"▁ a\", \"▁ ▁\"]")
                .model("byte_fallback", "true")
                .model("fuse_unk", "true")
                .model("unk_token", "\"<unk>\"")
                .field("pre_tokenizer", "null")
                .field("normalizer", """
                    {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                     {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}\
                    """)
                .field("decoder", """
                    {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                     {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}\
                    """)
                .in(folder);
        int[] ids = {3, 2, 1, 3, 5 + 0xC3, 5 + 0xA9};
        assertThat(tokenizer.encode("aa  aé", false)).containsExactly(ids);
        assertThat(tokenizer.decode(ids)).isEqualTo("aa  aé");
        assertThat(tokenizer.decode(new int[] {4, 2})).isEqualTo(" a");
        assertThat(IntStream.of(ids).mapToObj(tokenizer.stream()::push)).containsExactly("a", "a", " ", " a", "", "é");
    }

    @Test
    void putsTheTemplateAroundTheText() {
        Tokenizer tokenizer = letters()
                .field("added_tokens", "[{\"id\": 8, \"content\": \"<s>\"}, {\"id\": 9, \"content\": \"</s>\"}]")
                .field("post_processor", """
                    {"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
                     "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                                {"SpecialToken": {"id": "end", "type_id": 0}}],
                     "special_tokens": {"<s>": {"id": "<s>", "ids": [8]}, "end": {"id": "end", "ids": [9, 9]}}}]}\
                    """)
                .in(folder);
        assertThat(tokenizer.encode("ab", true)).containsExactly(8, 3, 9, 9);
        assertThat(tokenizer.encode("ab", false)).containsExactly(3);
        assertThat(tokenizer.bosId()).hasValue(8);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                // template's BOS, tokenizer_config.json, BOS, encoding
                "false, {}, -1, 36",
                "true,  {}, 0, 0 36",
                "false, `{\"add_bos_token\": true, \"bos_token\": \"<s>\"}`, 0, 0 36",
                "false, `{\"add_bos_token\": true, \"bos_token\": {\"content\": \"<s>\"}}`, 0, 0 36",
                "true,  `{\"add_bos_token\": true, \"bos_token\": \"<s>\"}`, 0, 0 36",
                "true,  `{\"add_bos_token\": false, \"bos_token\": \"<s>\"}`, -1, 36",
                "true,  `{\"add_bos_token\": null, \"bos_token\": null}`, 0, 0 36",
                "true,  `{\"add_eos_token\": true, \"eos_token\": \"</s>\"}`, 0, 0 36 1",
                "false, `{\"add_bos_token\": false, \"bos_token\": \"<s>\"}`, -1, 36",
            })
    void letsTheConfigDecideOverBos(boolean template, String config, int begin, String expected) {
        TokenizerFixture.write(folder.resolve("tokenizer_config.json"), config);
        TokenizerFixture fixture = TokenizerFixture.ofCharacters();
        Tokenizer tokenizer = (template ? fixture.withBos() : fixture).in(folder);
        assertThat(tokenizer.bosId().orElse(-1)).isEqualTo(begin);
        assertThat(IntStream.of(tokenizer.encode("A", true)).mapToObj(String::valueOf))
                .containsExactly(expected.split(" "));
    }

    @Test
    void looksForTheEndOfTextWhereItIsWritten() {
        TokenizerFixture fixture = TokenizerFixture.ofCharacters();
        assertThat(fixture.in(folder).eosId()).hasValue(1);
        TokenizerFixture.write(folder.resolve("config.json"), "{\"eos_token_id\": 7}");
        assertThat(fixture.in(folder).eosId()).hasValue(7);
        TokenizerFixture.write(folder.resolve("config.json"), "{\"eos_token_id\": [9, 8]}");
        assertThat(fixture.in(folder).eosId()).hasValue(9);
        TokenizerFixture.write(folder.resolve("special_tokens_map.json"), "{\"eos_token\": {\"content\": \"<s>\"}}");
        assertThat(fixture.in(folder).eosId()).hasValue(0);
        TokenizerFixture.write(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"A\"}");
        assertThat(fixture.in(folder).eosId()).hasValue(36);
    }

    @Test
    void knowsNoEndOfTextWhereNoneIsWritten() {
        assertThat(letters().in(folder).eosId()).isEmpty();
        assertThat(letters()
                        .field("added_tokens", "[{\"id\": 9, \"content\": \"</s>\", \"special\": false}]")
                        .in(folder)
                        .eosId())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "normalizer, `{\"type\": \"Precompiled\"}`, normalizer.type, NFC",
                "normalizer, `{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"BertNormalizer\"}]}`,"
                        + " normalizer.normalizers[0].type, NFC",
                "pre_tokenizer, `{\"type\": \"UnicodeScripts\"}`, pre_tokenizer.type, ByteLevel",
                "pre_tokenizer, `{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"UnicodeScripts\"}]}`,"
                        + " pre_tokenizer.pretokenizers[0].type, ByteLevel",
                "pre_tokenizer, `{\"type\": \"Split\", \"pattern\": {\"String\": \"a\"}, \"behavior\": \"Gone\"}`,"
                        + " pre_tokenizer.behavior, Isolated",
                "pre_tokenizer, `{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\"}`,"
                        + " pre_tokenizer.pattern.Regex, regular expression",
                "pre_tokenizer, `{\"type\": \"Split\", \"pattern\": {\"Regex\": \"a{1,3}+\"}, \"behavior\":"
                        + " \"Isolated\"}`, pre_tokenizer.pattern.Regex, regular expression",
                "decoder, null, decoder, ByteLevel",
                "decoder, `{\"type\": \"WordPiece\"}`, decoder.type, ByteLevel",
                "decoder, `{\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Fuse\"}, {\"type\": \"Strip\","
                        + " \"content\": \" \", \"start\": 0, \"stop\": 1}]}`, decoder.decoders[1].stop, 0",
                "post_processor, `{\"type\": \"PairProcessing\"}`, post_processor.type, TemplateProcessing",
                "post_processor, `{\"type\": \"TemplateProcessing\", \"single\": [], \"special_tokens\": {}}`,"
                        + " post_processor.single, once",
                "added_tokens, `[{\"id\": 0, \"content\": \"x\"}]`, added_tokens[0].id, \"a\"",
                "added_tokens, `[{\"id\": 9, \"content\": \"a\"}]`, added_tokens[0].id, vocabulary",
                "added_tokens, `[{\"id\": 99999999, \"content\": \"x\"}]`, added_tokens[0].id, 24 bits",
                "added_tokens, `[{\"id\": 8, \"content\": \"x\"}, {\"id\": 9, \"content\": \"x\"}]`,"
                        + " added_tokens[1].content, 8",
                "added_tokens, `[{\"content\": \"x\"}]`, added_tokens[0].id, integer",
            })
    void refusesByName(String field, String json, String named, String expected) {
        TokenizerFixture fixture = letters().field(field, json);
        assertThatThrownBy(() -> fixture.in(folder))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(folder.resolve("tokenizer.json") + ": field \"" + named + "\" is ")
                .hasMessageContaining("; expected ")
                .hasMessageContaining(expected)
                .hasMessageNotContaining("\n");
    }

    @Test
    void refusesFilesThatContradictEachOther() {
        TokenizerFixture.write(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<|gone|>\"}");
        assertThatThrownBy(() -> letters().in(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(
                        "tokenizer_config.json: field \"eos_token\" is \"<|gone|>\"; expected a token of ");
        TokenizerFixture.write(folder.resolve("tokenizer_config.json"), "{\"add_bos_token\": true}");
        assertThatThrownBy(() -> letters().in(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("tokenizer_config.json: field \"bos_token\" is missing");
        assertThatThrownBy(() -> Tokenizer.read(folder.resolve("nowhere.json")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("nowhere.json: there is no such file");
        TokenizerFixture.write(folder.resolve("tokenizer_config.json"), "{}");
        assertThatThrownBy(() -> letters()
                        .withBos()
                        .field("added_tokens", "[]")
                        .field(
                                "post_processor",
                                "{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"x\"}},"
                                        + " {\"Sequence\": {\"id\": \"A\"}}], \"special_tokens\": {\"x\": {\"ids\":"
                                        + " [77]}}}")
                        .in(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("77");
    }
}
