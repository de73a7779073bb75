package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moelora.data.Example;
import org.moelora.data.ExampleEncoder;
import org.moelora.data.Origin;
import org.moelora.data.TokenRow;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;

/** Conversations of a model without a chat template. */
class ChatHeadingsTest {
    /** What is asked is what a row of training has up to its last answer, earlier answers and their ends included. */
    @Test
    void aConversationIsAskedAsItIsTrained(@TempDir Path folder) throws IOException {
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Path.of("../test-models/tiny", name), folder.resolve(name));
        }
        try (Decoder base = Decoder.load(folder)) {
            List<Example.Message> said = List.of(
                    new Example.Message(Example.Role.SYSTEM, "Be brief."),
                    new Example.Message(Example.Role.USER, "Tom has 3 pens."),
                    new Example.Message(Example.Role.ASSISTANT, "And?"),
                    new Example.Message(Example.Role.USER, "He buys 2."),
                    new Example.Message(Example.Role.ASSISTANT, "5"));
            Tokenizer words = Objects.requireNonNull(base.tokenizer());
            TokenRow row = new ExampleEncoder(words, base.config().vocabularySize())
                    .encode(new Example.Chat(Origin.of(0), said));
            List<ChatMessage> asked = said.subList(0, 4).stream()
                    .map(message -> new ChatMessage(message.role().name().toLowerCase(Locale.ROOT), message.content()))
                    .toList();
            int[] prompt = Generation.of(base.plain(), GenerationOptions.GREEDY).tokens(asked);
            int answer = words.encode("5", false).length + 1;
            assertThat(prompt).isEqualTo(Arrays.copyOf(row.inputIds(), row.length() - answer));
        }
    }

    @Test
    void whatHeadingsCannotWriteIsRefusedByName() {
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> ChatHeadings.parts(List.of(new ChatMessage("tool", "4")), true))
                .withMessageStartingWith(
                        "message 1 is of the role tool, and the model has no chat template that writes it");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> ChatHeadings.parts(List.of(new ChatMessage("user", "a", Map.of("name", "b"))), true))
                .withMessageStartingWith("message 1 has the field \"name\"");
    }
}
