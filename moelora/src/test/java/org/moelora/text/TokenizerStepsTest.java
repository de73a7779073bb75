package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;
import org.moelora.io.Json;
import org.moelora.io.JsonWriter;

/** Steps of a tokenizer.json that the published tokenizers at hand do not have, as Hugging Face's library describes them. */
class TokenizerStepsTest {
    @TempDir
    private Path folder;

    private static String normal(String json, String text) {
        return Normalizers.read(Json.parse(json, "test")).apply(text);
    }

    private static List<String> cut(String json, boolean first, String... pieces) {
        return PreTokenizer.read(Json.parse(json, "test")).cut(List.of(pieces), first);
    }

    @Test
    void lowercaseTakesEachCharacterForItself() {
        assertThat(normal("{\"type\": \"Lowercase\"}", "ÀΣ Ǆ\u0130\ud801\udc00"))
                .isEqualTo("àσ ǆi\u0307\ud801\udc28");
    }

    @Test
    void accentsAreStrippedWhereTheyAreCharacters() {
        assertThat(normal("{\"type\": \"StripAccents\"}", "é e\u0301\u20dd")).isEqualTo("é e");
        assertThat(normal(
                        "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFD\"}, {\"type\": \"StripAccents\"}]}",
                        "Señor"))
                .isEqualTo("Senor");
    }

    @ParameterizedTest
    @CsvSource({
        "true, true, 'a b'",
        "true, false, 'a b\u00a0 '",
        "false, true, ' \na b'",
        "false, false, ' \na b\u00a0 '"
    })
    void stripTakesWhiteSpaceOffTheEnds(boolean left, boolean right, String expected) {
        assertThat(normal(
                        "{\"type\": \"Strip\", \"strip_left\": " + left + ", \"strip_right\": " + right + "}",
                        " \na b\u00a0 "))
                .isEqualTo(expected);
    }

    @Test
    void bytesMayBeWrittenAsLettersByTheNormalizer() {
        assertThat(normal("{\"type\": \"ByteLevel\"}", "a é")).isEqualTo("aĠÃ©");
    }

    @Test
    void metaspacePutsAMarkBeforeWhatItsSchemeSays() {
        String field = "{\"type\": \"Metaspace\", \"replacement\": \"▁\", \"prepend_scheme\": \"%s\", \"split\": %s}";
        assertThat(cut(field.formatted("always", true), false, "Hey  my", "x"))
                .containsExactly("▁Hey", "▁", "▁my", "▁x");
        assertThat(cut(field.formatted("first", true), true, "Hey my", "x")).containsExactly("▁Hey", "▁my", "x");
        assertThat(cut(field.formatted("first", true), false, "Hey my")).containsExactly("Hey", "▁my");
        assertThat(cut(field.formatted("never", false), true, "Hey my")).containsExactly("Hey▁my");
        assertThat(cut(field.formatted("always", false), true, " Hey")).containsExactly("▁Hey");
        assertThat(cut("{\"type\": \"Metaspace\", \"replacement\": \"_\", \"add_prefix_space\": false}", true, "a b"))
                .containsExactly("a", "_b");
    }

    @Test
    void wordsAndSignsAreToldApart() {
        assertThat(cut("{\"type\": \"Whitespace\"}", true, "Hey, you!? l'été_1\n"))
                .containsExactly("Hey", ",", "you", "!?", "l", "'", "été_1");
        assertThat(cut("{\"type\": \"WhitespaceSplit\"}", true, " Hey,\u2003you!\n"))
                .containsExactly("Hey,", "you!");
        assertThat(cut("{\"type\": \"Punctuation\"}", true, "a+b¿!c€")).containsExactly("a", "+", "b", "¿", "!", "c€");
        assertThat(cut("{\"type\": \"Punctuation\", \"behavior\": \"Contiguous\"}", true, "a?!b"))
                .containsExactly("a", "?!", "b");
        assertThat(cut("{\"type\": \"BertPreTokenizer\"}", true, "Hey, $you")).containsExactly("Hey", ",", "$", "you");
        assertThat(cut("{\"type\": \"CharDelimiterSplit\", \"delimiter\": \"-\"}", true, "a--b."))
                .containsExactly("a", "b.");
    }

    @Test
    void metaspaceStandsAtTheTextsBeginningOnly() {
        Tokenizer tokenizer = new TokenizerFixture("{\"▁\": 0, \"a\": 1, \"▁a\": 2}", "[\"▁ a\"]")
                .field("pre_tokenizer", "{\"type\": \"Metaspace\", \"prepend_scheme\": \"first\"}")
                .field("decoder", "{\"type\": \"Metaspace\", \"prepend_scheme\": \"first\"}")
                .field("added_tokens", "[{\"id\": 3, \"content\": \"<x>\", \"special\": true}]")
                .in(folder);
        assertThat(tokenizer.encode("a a<x>a", false)).containsExactly(2, 2, 3, 1);
        assertThat(tokenizer.encode("<x>a", false)).containsExactly(3, 1);
        assertThat(tokenizer.decode(new int[] {2, 2, 3, 1})).isEqualTo("a aa");
    }

    /** Only special tokens are left out; other added ones go through the decoder like any token. */
    @Test
    void addedTokensAreDecodedLikeOthers() {
        Tokenizer pieces = new TokenizerFixture(
                        "{\"<unk>\": 0, \"a\": 1, \"b\": 2, \"▁\": 3, \"▁▁\": 4}", "[[\"▁\", \"▁\"]]")
                .field("pre_tokenizer", "null")
                .field("normalizer", "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"▁\"}")
                .field(
                        "decoder",
                        "{\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Replace\", \"pattern\": {\"String\": \"▁\"},"
                                + " \"content\": \" \"}, {\"type\": \"Fuse\"}]}")
                .field("added_tokens", "[{\"id\": 4, \"content\": \"▁▁\", \"special\": false, \"normalized\": false}]")
                .in(folder);
        assertThat(pieces.encode("a  b", false)).containsExactly(1, 4, 2);
        assertThat(pieces.decode(new int[] {1, 4, 2})).isEqualTo("a  b");
        Tokenizer bytes = TokenizerFixture.ofCharacters()
                .field("added_tokens", "[{\"id\": 200, \"content\": \"aĠb\", \"special\": false}]")
                .in(folder);
        assertThat(bytes.decode(new int[] {200})).isEqualTo("a b");
    }

    @Test
    void surrogatesThatStandAloneAreReplaced() {
        Tokenizer tokenizer =
                new TokenizerFixture("{\"a\": 0, \"ï\": 1, \"¿\": 2, \"½\": 3, \"?\": 4}", "[]").in(folder);
        for (String alone : List.of("a\ud83d", "a\ude00", "a\ude00\ud83d".substring(0, 2))) {
            assertThat(tokenizer.encode(alone, false)).containsExactly(0, 1, 2, 3);
        }
        assertThat(tokenizer.decode(tokenizer.encode("a\ud83da", false))).isEqualTo("a\ufffda");
    }

    @ParameterizedTest
    @ValueSource(strings = {"BertProcessing", "RobertaProcessing"})
    void beginAndEndMayBeGivenByName(String type) {
        Tokenizer tokenizer = TokenizerFixture.ofCharacters()
                .field("post_processor", "{\"type\": \"" + type + "\", \"sep\": [\"</s>\", 1], \"cls\": [\"<s>\", 0]}")
                .in(folder);
        assertThat(tokenizer.encode("A", true)).containsExactly(0, 36, 1);
    }

    @Test
    void tokensThatOnlyTheConfigKnowsAreAdded() {
        TokenizerFixture.write(folder.resolve("tokenizer_config.json"), """
                {"added_tokens_decoder": {
                  "1": {"content": "</s>", "special": true},
                  "200": {"content": "<|turn|>", "lstrip": true, "rstrip": false, "single_word": false,
                          "normalized": false, "special": true}}}""");
        Tokenizer tokenizer = TokenizerFixture.ofCharacters().in(folder);
        assertThat(tokenizer.encode("A <|turn|>A", false)).containsExactly(36, 200, 36);
        assertThat(tokenizer.isSpecial(200)).isTrue();
        assertThat(tokenizer.vocabularySize()).isEqualTo(201);
        TokenizerFixture.write(
                folder.resolve("tokenizer_config.json"),
                "{\"added_tokens_decoder\": {\"-1\": {\"content\": \"<y>\"}}}");
        assertThatThrownBy(() -> TokenizerFixture.ofCharacters().in(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("an id as its name");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "normalizer; {\"type\": \"Precompiled\"}; Precompiled",
                "pre_tokenizer; {\"type\": \"UnicodeScripts\"}; UnicodeScripts",
                "pre_tokenizer; {\"type\": \"Metaspace\", \"prepend_scheme\": \"last\"}; last",
                "pre_tokenizer; {\"type\": \"Metaspace\", \"replacement\": \"__\"}; __",
                "decoder; {\"type\": \"CTC\"}; CTC",
                "post_processor; {\"type\": \"BertProcessing\", \"cls\": [\"x\"], \"sep\": [\"x\", 1]}; cls",
            })
    void whatIsNotSupportedIsRefusedByName(String field, String json, String name) {
        assertThatThrownBy(
                        () -> TokenizerFixture.ofCharacters().field(field, json).in(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("expected");
    }

    @ParameterizedTest
    @ValueSource(strings = {"WordPiece", "Unigram", "WordLevel"})
    void otherModelsAreRefusedByName(String type) {
        assertThatThrownBy(() -> TokenizerFixture.ofCharacters()
                        .model("type", "\"" + type + "\"")
                        .in(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(type)
                .hasMessageContaining("BPE");
    }

    /** A family of four joined by ZWJ, an accent, a lone byte: nothing comes out before it is whole, and nothing gets lost. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStreamNeverSplitsACharacter(boolean fallback) {
        var vocab = new StringBuilder("{");
        for (int b = 0; b < 256; b++) {
            String letter = fallback ? "<0x%02X>".formatted(b) : ByteAlphabet.letter(b);
            vocab.append(b == 0 ? "" : ",")
                    .append(JsonWriter.line(letter))
                    .append(':')
                    .append(b);
        }
        var fixture = new TokenizerFixture(vocab + "}", "[]");
        if (fallback) {
            fixture.field("pre_tokenizer", "null")
                    .model("byte_fallback", "true")
                    .field(
                            "decoder",
                            "{\"type\": \"Sequence\", \"decoders\": [{\"type\": \"ByteFallback\"}, {\"type\": \"Fuse\"}]}");
        }
        Tokenizer tokenizer = fixture.in(folder);
        String text = "a\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67\u200d\ud83d\udc66e\u0301\u4e2d";
        int[] ids = tokenizer.encode(text, false);
        assertThat(ids).hasSize(text.getBytes(StandardCharsets.UTF_8).length);
        TextStream stream = tokenizer.stream();
        var written = new StringBuilder();
        for (int id : ids) {
            String piece = stream.push(id);
            assertThat(piece.codePoints()).noneMatch(c -> c == 0xFFFD || (c >= 0xD800 && c < 0xE000));
            assertThat(piece.codePointCount(0, piece.length())).isLessThanOrEqualTo(1);
            written.append(piece);
        }
        assertThat(stream.finish()).isEmpty();
        assertThat(written).hasToString(text);
        assertThat(stream.push(0xF0) + stream.push(0x9F) + stream.push('b') + stream.finish())
                .isEqualTo("\ufffdb");
    }
}
