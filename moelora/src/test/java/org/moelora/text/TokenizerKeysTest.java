package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.InputException;

/** What the files beside tokenizer.json say of tokens; expectations are what tokenizers 0.23 makes of the same tokens, added as transformers 5 adds them. */
class TokenizerKeysTest {
    @TempDir
    private Path folder;

    private Tokenizer read(String config) {
        TokenizerFixture.write(folder.resolve("tokenizer_config.json"), config);
        return new TokenizerFixture("{\"a\": 0, \"b\": 1, \"<x>\": 2, \"<\": 3, \"x\": 4, \">\": 5}", "[]")
                .field("added_tokens", "[{\"id\": 6, \"content\": \"ab\", \"special\": false}]")
                .in(folder);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"pad_token\": \"<x>\"}",
                "{\"image_token\": {\"content\": \"<x>\"}}",
                "{\"extra_special_tokens\": [\"<x>\"]}",
                "{\"extra_special_tokens\": {\"image_token\": \"<x>\"}}",
                "{\"additional_special_tokens\": [{\"content\": \"<x>\"}]}"
            })
    void aTokenThatIsNamedAsSpecialIsOne(String config) {
        assertThat(read("{}").encode("a<x>b", false)).containsExactly(0, 3, 4, 5, 1);
        Tokenizer named = read(config);
        assertThat(named.encode("a<x>b", false)).containsExactly(0, 2, 1);
        assertThat(named.decode(new int[] {0, 2, 1})).isEqualTo("ab");
    }

    @Test
    void anAddedTokenThatIsNamedIsLeftOutOfTexts() {
        assertThat(read("{}").decode(new int[] {6})).isEqualTo("ab");
        assertThat(read("{\"unk_token\": \"ab\"}").decode(new int[] {6})).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "`{\"split_special_tokens\": true}`, split_special_tokens",
                "`{\"clean_up_tokenization_spaces\": true,"
                        + " \"clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output\": true}`,"
                        + " clean_up_tokenization_spaces_for_bpe",
            })
    void whatWouldMakeOtherTokensIsRefused(String config, String field) {
        assertThatThrownBy(() -> read(config))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("tokenizer_config.json: field \"" + field)
                .hasMessageContaining("is true; expected false");
    }

    @Test
    void whatIsNotUsedIsListedInOneLine() {
        assertThat(logged(() -> read("{\"legacy\": true, \"padding_side\": \"left\", \"pad_token\": \"[P]\"}")))
                .containsExactly("" + folder.resolve("tokenizer.json")
                        + ": read and not used: tokenizer_config.json: legacy, pad_token [P], padding_side");
        assertThat(logged(() -> read("{\"bos_token\": null}"))).isEmpty();
    }

    private static List<String> logged(Runnable reading) {
        Logger logger = Logger.getLogger(UnusedKeys.class.getName());
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add("" + java.text.MessageFormat.format(line.getMessage(), line.getParameters()));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        logger.addHandler(handler);
        try {
            reading.run();
        } finally {
            logger.removeHandler(handler);
        }
        return lines;
    }

    private String chat(Map<String, Object> more) {
        ChatTemplate template = ChatTemplate.read(folder);
        return template == null ? "none" : template.render(List.of(new ChatMessage("user", "Hi")), more, false);
    }

    @Test
    void conversationsWithToolsHaveTheTemplateForTools() throws IOException {
        Map<String, Object> tools = Map.of("tools", List.of(Map.of("name", "f")));
        TokenizerFixture.write(folder.resolve("chat_template.json"), "{\"chat_template\": \"legacy\"}");
        assertThat(chat(Map.of())).isEqualTo("legacy");
        TokenizerFixture.write(
                folder.resolve("tokenizer_config.json"),
                "{\"chat_template\": [{\"name\": \"default\", \"template\": \"plain\"},"
                        + " {\"name\": \"tool_use\", \"template\": \"tools {{ tools[0].name }}\"}]}");
        assertThat(chat(Map.of())).isEqualTo("plain");
        assertThat(chat(tools)).isEqualTo("tools f");
        TokenizerFixture.write(folder.resolve("chat_template.jinja"), "own");
        assertThat(chat(tools)).isEqualTo("own");
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        TokenizerFixture.write(folder.resolve("additional_chat_templates/tool_use.jinja"), "file {{ tools[0].name }}");
        assertThat(chat(tools)).isEqualTo("file f");
        assertThat(chat(Map.of())).isEqualTo("own");
    }
}
