package org.moelora.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionTool;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;

/** Texts that are held to a form, and tools, on the bundled model with a chat template that has a form for calls. */
@Timeout(120)
class ToolsAndFormatsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String TEMPLATE = """
            {% if tools %}{% for tool in tools %}{{ tool | tojson }}{% endfor %}<tool_call>{"name": ..., "arguments": ...}</tool_call>
            {% endif %}{% for m in messages %}{{ m.role }}: {{ m.content }}{% for call in m.tool_calls or [] %}<tool_call>
            {"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
            </tool_call>{% endfor %}{{ '\\n' }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}""";
    private static final String CALL =
            "<tool_call>\\{\"name\": \"weather\", \"arguments\": \\{\"city\": \"Rom\"\\}\\}</tool_call>";
    private static final String ASKED = """
            {"model": "m", "temperature": 0, "max_tokens": 120, "messages": [{"role": "user", "content": "Rain?"}],
             "tools": [{"type": "function", "function": {"name": "weather", "description": "Tells the weather.",
               "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]""";

    @TempDir
    private static Path folder;

    private static Served served;

    @BeforeAll
    static void open() throws IOException {
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Served.TINY.resolve(name), folder.resolve(name));
        }
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
        served = new Served(folder, builder -> builder.name("m"));
    }

    @AfterAll
    static void close() {
        served.close();
    }

    private static String held(String regex) {
        return ASKED + ",\"guided_regex\":" + JsonWriter.line(regex);
    }

    @Test
    void aCallIsNoTextAndItsAnswerIsReadBack() {
        JsonObject choice =
                served.ok(CHAT, held("Well\\. " + CALL) + "}").array("choices").object(0);
        assertThat(choice.string("finish_reason")).isEqualTo("tool_calls");
        JsonObject message = choice.object("message");
        assertThat(message.string("content")).isEqualTo("Well. ");
        JsonObject call = message.array("tool_calls").object(0);
        assertThat(call.object("function").string("name")).isEqualTo("weather");
        assertThat(Json.parse(call.object("function").string("arguments"), "arguments")
                        .string("city"))
                .isEqualTo("Rom");
        String goesOn = ASKED.replace(
                "\"Rain?\"}",
                "\"Rain?\"}," + message + ",{\"role\":\"tool\",\"tool_call_id\":\"" + call.string("id")
                        + "\",\"content\":\"dry\"}");
        served.ok(CHAT, goesOn.replace("120", "2") + "}");
        assertThat(served.post(
                                CHAT,
                                goesOn.replace(call.string("id"), "x").replaceFirst("\"id\":\"x\"", "\"id\":\"y\"")
                                        + "}")
                        .body())
                .contains("the id of a call in a message before");
    }

    @Test
    void aStreamHasTheCallInAPartOfItsOwn() {
        List<JsonObject> events = served.events(CHAT, held(CALL) + ",\"stream\":true}");
        JsonObject call = events.get(events.size() - 2)
                .array("choices")
                .object(0)
                .object("delta")
                .array("tool_calls")
                .object(0);
        assertThat(call.integer("index")).isZero();
        assertThat(call.string("type")).isEqualTo("function");
        assertThat(events.getLast().array("choices").object(0).string("finish_reason"))
                .isEqualTo("tool_calls");
    }

    @Test
    void whatTheModelCannotDoIsRefused() {
        assertThat(served.post(CHAT, ASKED + ",\"tool_choice\":\"required\"}").body())
                .contains("\"param\":\"tool_choice\"");
        assertThat(served.ok(CHAT, ASKED.replace("120", "2") + ",\"tool_choice\":\"none\"}")
                        .string("object"))
                .isEqualTo("chat.completion");
        try (Served plain = new Served(builder -> builder)) {
            assertThat(plain.post(CHAT, ASKED.replace("\"m\"", "\"tiny\"") + "}")
                            .body())
                    .contains("tools", "unsupported_feature");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"strict\":true,\"schema\":{\"enum\":[\"left\",\"lift\"]}}}|\"l[ei]ft\"",
                "\"guided_json\":{\"const\":7}|7",
                "\"guided_regex\":\"[0-9]{3}\"|[0-9]{3}",
                "\"guided_choice\":[\"yes\"]|yes",
                "\"response_format\":{\"type\":\"text\"}|(?s).*",
            })
    void aTextIsHeldToAForm(String field, String form) {
        String text = served.ok(
                        "/v1/completions",
                        "{\"model\":\"m\",\"prompt\":\"Q:\",\"temperature\":0,\"max_tokens\":40," + field + "}")
                .array("choices")
                .object(0)
                .string("text");
        assertThat(text.strip()).matches(form);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"response_format\":{\"type\":\"xml\"}|response_format",
                "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":{\"uniqueItems\":true}}}|uniqueItems",
                "\"guided_regex\":\"(\"|guided_regex",
                "\"guided_regex\":\"a\",\"guided_choice\":[\"a\"]|expected one of them",
            })
    void aFormThatIsNoneIsRefused(String field, String sentence) {
        assertThat(served.post("/v1/completions", "{\"model\":\"m\",\"prompt\":\"Q:\"," + field + "}")
                        .body())
                .contains(sentence)
                .contains("invalid_request_error");
    }

    @Test
    void openAisClientUnderstandsCalls() {
        OpenAIClient client = OpenAIOkHttpClient.builder()
                .apiKey("x")
                .baseUrl(served.server.uri() + "/v1")
                .build();
        ChatCompletionCreateParams params = ChatCompletionCreateParams.builder()
                .model("m")
                .addUserMessage("Rain?")
                .temperature(0.0)
                .maxCompletionTokens(100)
                .addTool(ChatCompletionTool.ofFunction(ChatCompletionFunctionTool.builder()
                        .function(FunctionDefinition.builder()
                                .name("weather")
                                .parameters(FunctionParameters.builder()
                                        .putAdditionalProperty("type", JsonValue.from("object"))
                                        .putAdditionalProperty("properties", JsonValue.from(Map.of()))
                                        .build())
                                .build())
                        .build()))
                .putAdditionalBodyProperty("guided_regex", JsonValue.from(CALL))
                .build();
        ChatCompletion answer = client.chat().completions().create(params).validate();
        var message = answer.choices().getFirst().message();
        var call = message.toolCalls().orElseThrow().getFirst().asFunction();
        assertThat(call.function().name()).isEqualTo("weather");
        ChatCompletion next = client.chat()
                .completions()
                .create(params.toBuilder()
                        .addMessage(message)
                        .addMessage(ChatCompletionToolMessageParam.builder()
                                .toolCallId(call.id())
                                .content("dry")
                                .build())
                        .putAdditionalBodyProperty("guided_regex", JsonValue.from("It is dry\\."))
                        .build());
        assertThat(next.choices().getFirst().message().content()).hasValue("It is dry.");
        client.close();
    }
}
