package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;
import org.moelora.text.ChatMessage;
import org.moelora.text.Tool;
import org.moelora.text.ToolCall;

/** Tools, with the bundled model and templates in the forms of several families. */
class ToolsTest {
    private static final String HERMES = """
            {% if tools %}Tools:{% for tool in tools %} {{ tool | tojson }}{% endfor %}{{ '\\n' }}<tool_call>{"name": ..., "arguments": ...}</tool_call>
            {% endif %}{% for m in messages %}{{ m.role }}: {{ m.content }}{% for call in m.tool_calls or [] %}<tool_call>
            {"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
            </tool_call>{% endfor %}{{ '\\n' }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}""";
    private static final String LLAMA = """
            {% if tools %}{% for tool in tools %}{{ tool | tojson }}{% endfor %} {"name": ..., "parameters": ...}{% endif %}\
            {% for m in messages %}{{ 'ipython' if m.role == 'tool' else m.role }}: {{ m.content }}
            {% endfor %}assistant:""";
    private static final String MISTRAL = """
            {% if tools %}{% for tool in tools %}{{ tool | tojson }}{% endfor %}{% endif %}{% for m in messages %}{{ m.content }}\
            {% for call in m.tool_calls or [] %}[TOOL_CALLS]{{ call.function | tojson }}{% endfor %}{% endfor %}:""";
    private static final Tool WEATHER = new Tool(
            "weather",
            "Tells the weather.",
            "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}");

    @TempDir
    private Path folder;

    /** The bundled model with another template. */
    private Decoder model(String template) {
        try {
            for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
                Files.copy(Path.of("../test-models/tiny", name), folder.resolve(name));
            }
            Files.writeString(folder.resolve("chat_template.jinja"), template);
            return Decoder.load(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Request.Builder asked(String question) {
        return Request.ofMessages(List.of(ChatMessage.user(question))).tools(List.of(WEATHER));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "HERMES| Well\\. <tool_call>\\{\"name\": \"weather\", \"arguments\": \\{\"city\": \"a\"\\}\\}</tool_call>| Well. ",
                "LLAMA|\\{\"name\": \"weather\", \"parameters\": \\{\"city\": \"a\"\\}\\}|''",
                "MISTRAL|\\[TOOL_CALLS\\]\\[\\{\"name\": \"weather\", \"arguments\": \\{\"city\": \"a\"\\}\\}\\]|''",
            })
    void callsAreReadInTheFamilysFormAndAreNoText(String family, String written, String said) {
        String template = family.equals("HERMES") ? HERMES : family.equals("LLAMA") ? LLAMA : MISTRAL;
        try (Decoder base = model(template);
                GenerationEngine engine = GenerationEngine.of(base).open()) {
            Request request = asked("Rain?").regex(written).maxTokens(200).build();
            StringBuilder pieces = new StringBuilder();
            Completion answer = engine.complete(base.plain(), request, pieces::append);
            String expected = said.isEmpty() ? "" : "Well. ";
            assertThat(answer.text()).isEqualTo(expected);
            assertThat(pieces).hasToString(expected);
            assertThat(answer.toolCalls()).singleElement().satisfies(call -> {
                assertThat(call.name()).isEqualTo("weather");
                assertThat(call.arguments()).isEqualTo("{\"city\":\"a\"}");
                assertThat(call.id()).matches("[0-9a-z]{9}");
            });
            assertThat(base.plain().complete(request).toolCalls()).isEqualTo(answer.toolCalls());
        }
    }

    @Test
    void whatIsNoCallIsText() {
        try (Decoder base = model(HERMES)) {
            for (String text : List.of("<tool_call>{a}</tool_call>", "a < b <tool", "<tool_call>")) {
                Completion answer = base.plain()
                        .complete(asked("Rain?")
                                .regex(text.replace("{", "\\{").replace("}", "\\}"))
                                .maxTokens(100)
                                .build());
                assertThat(answer.text()).isEqualTo(text);
                assertThat(answer.toolCalls()).isEmpty();
            }
        }
    }

    @Test
    void theTemplateWritesToolsCallsAndAnswers() {
        try (Decoder base = model(HERMES)) {
            ToolCall call = new ToolCall("abcdefghi", "weather", "{\"city\": \"Rom\"}");
            List<ChatMessage> messages = List.of(
                    ChatMessage.user("Rain?"), ChatMessage.assistant("", List.of(call)), ChatMessage.tool(call, "dry"));
            int[] ids = Generation.of(base.plain(), GenerationOptions.GREEDY).tokens(messages, List.of(WEATHER));
            assertThat(Objects.requireNonNull(base.tokenizer()).decode(ids)).isEqualTo("""
                    Tools: {"type": "function", "function": {"name": "weather", "description": "Tells the weather.",\
                     "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
                    <tool_call>{"name": ..., "arguments": ...}</tool_call>
                    user: Rain?
                    assistant: <tool_call>
                    {"name": "weather", "arguments": {"city": "Rom"}}
                    </tool_call>
                    tool: dry
                    assistant:""");
        }
    }

    @Test
    void whatATemplateDoesNotWriteIsRefusedByName() {
        try (Decoder base = Decoder.load(Path.of("../test-models/tiny"))) {
            assertThatExceptionOfType(UnsupportedFeature.class)
                    .isThrownBy(() -> base.plain().complete(asked("Rain?").build()))
                    .satisfies(e -> assertThat(e.feature()).isEqualTo("tools"));
        }
        try (Decoder base = model("{{ tools | tojson }}{{ messages[0].content }}")) {
            assertThatExceptionOfType(UnsupportedFeature.class)
                    .isThrownBy(() -> base.plain().complete(asked("Rain?").build()))
                    .withMessageEndingWith(
                            "chat_template.jinja: its form of tool calls is not supported; expected a chat template with Hermes' and Qwen's <tool_call>, Mistral's [TOOL_CALLS] list or Llama 3.1's JSON");
            ToolCall call = new ToolCall("abcdefghi", "weather", "{}");
            assertThatExceptionOfType(UnsupportedFeature.class)
                    .isThrownBy(() -> Generation.of(base.plain(), GenerationOptions.GREEDY)
                            .tokens(List.of(ChatMessage.user("a"), ChatMessage.assistant("b", List.of(call)))));
        }
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> Request.of("a").tools(List.of(WEATHER)).build())
                .withMessageContaining("tools and no messages");
        assertThatExceptionOfType(InputException.class).isThrownBy(() -> new Tool("a b", null, "{}"));
    }

    /** The bundled model's template, which asks as the model was pretrained. */
    @Test
    void theBundledModelCanBeTalkedTo() {
        try (Decoder base = Decoder.load(Path.of("../test-models/tiny"))) {
            String question = "Tom takes a kettle. What is that good for: dry or pour?";
            Completion chat = base.plain()
                    .complete(Request.ofMessages(List.of(ChatMessage.user(question)))
                            .build());
            assertThat(chat.text())
                    .isEqualTo(base.plain()
                            .complete(Request.of(question + "\nAnswer:").build())
                            .text())
                    .isEqualTo(" pour");
        }
    }
}
