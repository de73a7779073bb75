package org.moelora.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers in pieces of every length. */
class ToolCallStreamTest {
    private record Case(ToolCallFormat format, String answer, String text, List<String> calls) {}

    private static final List<Case> CASES = List.of(
            new Case(
                    ToolCallFormat.HERMES,
                    "Let me see. <tool_call>\n{\"name\": \"a\", \"arguments\": {\"x\": \"}<\"}}\n</tool_call>\n<tool_call>{\"name\": \"b\", \"arguments\": {}}</tool_call>",
                    "Let me see. ",
                    List.of("a{\"x\":\"}<\"}", "b{}")),
            new Case(ToolCallFormat.HERMES, "1 < 2 and <tool", "1 < 2 and <tool", List.of()),
            new Case(
                    ToolCallFormat.HERMES,
                    "<tool_call>{\"name\": \"a\"}</tool_call> and more",
                    "<tool_call>{\"name\": \"a\"}</tool_call> and more",
                    List.of()),
            new Case(
                    ToolCallFormat.MISTRAL,
                    "[TOOL_CALLS] [{\"name\": \"a\", \"arguments\": {\"x\": [1]}, \"id\": \"123456789\"}, {\"name\": \"b\", \"arguments\": {}}]",
                    "",
                    List.of("a{\"x\":[1]}", "b{}")),
            new Case(ToolCallFormat.MISTRAL, "[TOOL_CALLS] nothing", "[TOOL_CALLS] nothing", List.of()),
            new Case(
                    ToolCallFormat.LLAMA,
                    "\n{\"name\": \"a\", \"parameters\": {\"x\": \"\\\"};{\"}}; {\"name\": \"b\", \"parameters\": {}}",
                    "",
                    List.of("a{\"x\":\"\\\"};{\"}", "b{}")),
            new Case(ToolCallFormat.LLAMA, "{\"name\": 3}", "{\"name\": 3}", List.of()),
            new Case(ToolCallFormat.LLAMA, "It is {\"name\": \"a\"}", "It is {\"name\": \"a\"}", List.of()));

    @Test
    void partsCallsFromTextWhereverPiecesEnd(@TempDir Path folder) {
        Tokenizer tokenizer = TokenizerFixture.ofCharacters().in(folder);
        for (Case each : CASES) {
            for (int length = 1; length <= each.answer.length(); length++) {
                ToolCallStream stream = new ToolCallStream(each.format, tokenizer, place -> "id" + place);
                StringBuilder text = new StringBuilder();
                for (int at = 0; at < each.answer.length(); at += length) {
                    text.append(stream.push(each.answer.substring(at, Math.min(each.answer.length(), at + length))));
                }
                text.append(stream.finish());
                assertThat(text).hasToString(each.text);
                assertThat(stream.calls().stream().map(call -> call.name() + call.arguments()))
                        .isEqualTo(each.calls);
            }
        }
    }

    @Test
    void aMarkMayBeASpecialTokenWhichNoTextShows(@TempDir Path folder) {
        Tokenizer tokenizer = TokenizerFixture.ofCharacters()
                .field("added_tokens", "[{\"id\": 99, \"content\": \"[TOOL_CALLS]\", \"special\": true}]")
                .in(folder);
        ToolCallStream stream = new ToolCallStream(ToolCallFormat.MISTRAL, tokenizer, place -> "id" + place);
        stream.token(40);
        assertThat(stream.push("H")).isEqualTo("H");
        stream.token(99);
        assertThat(stream.push("")).isEmpty();
        assertThat(stream.push("[{\"name\": \"a\", \"arguments\": {}}]")).isEmpty();
        assertThat(stream.finish()).isEmpty();
        assertThat(stream.calls()).containsExactly(new ToolCall("id0", "a", "{}"));
    }
}
