package org.moelora.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.io.Json;
import org.moelora.io.JsonObject;
import org.moelora.io.JsonWriter;
import org.moelora.model.Completion;
import org.moelora.model.Pooling;
import org.moelora.model.Request;
import org.moelora.model.TextEmbedding;
import org.moelora.text.ChatMessage;

/** Each endpoint, as a client of plain HTTP sees it. */
@Timeout(120)
class MoeloraServerTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String TEXT = "/v1/completions";
    private static final String PROMPT = "Tom takes a kettle. What is that good for: dry or pour?\nAnswer:";
    private static final String ENDLESS =
            "{\"model\":\"tiny\",\"prompt\":\"Once\",\"max_tokens\":200,\"logit_bias\":{\"1\":-100}";

    @TempDir
    private static Path root;

    private static Served served;

    @BeforeAll
    static void open() {
        Served.adapters(root);
        served = new Served(builder -> builder.adapter("a", root.resolve("a"))
                .adapter("c", root.resolve("c"))
                .adapterRoot(root)
                .bodyBytes(100_000)
                .engine(engine -> engine.batch(4).queue(4).chunk(16)));
    }

    @AfterAll
    static void close() {
        served.close();
    }

    private static String text(JsonObject answer) {
        return choice(answer).string("text");
    }

    private static JsonObject choice(JsonObject answer) {
        return answer.array("choices").object(0);
    }

    private static Completion alone(String prompt, int maxTokens) {
        return served.base
                .plain()
                .complete(Request.of(prompt).maxTokens(maxTokens).build());
    }

    @Test
    void aChatIsAnsweredAsTheModelAloneAnswersIt() {
        JsonObject answer = served.ok(
                CHAT,
                "{\"model\":\"tiny\",\"temperature\":0,\"max_tokens\":8,\"messages\":[{\"role\":\"developer\",\"content\":\"Be brief.\"},"
                        + "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]},"
                        + "{\"role\":\"assistant\",\"content\":\"Yes?\",\"refusal\":null,\"tool_calls\":[]},{\"role\":\"user\",\"content\":\"Go\"}]}");
        Completion alone = served.base
                .plain()
                .complete(Request.ofMessages(List.of(
                                new ChatMessage("system", "Be brief."),
                                new ChatMessage("user", "Hi"),
                                new ChatMessage("assistant", "Yes?"),
                                new ChatMessage("user", "Go")))
                        .maxTokens(8)
                        .build());
        JsonObject choice = choice(answer);
        assertThat(choice.object("message").string("content")).isEqualTo(alone.text());
        assertThat(choice.object("message").string("role")).isEqualTo("assistant");
        assertThat(choice.string("finish_reason")).isIn("stop", "length");
        assertThat(answer.string("object")).isEqualTo("chat.completion");
        assertThat(answer.string("id")).startsWith("chatcmpl-");
        JsonObject usage = answer.object("usage");
        assertThat(usage.integer("prompt_tokens")).isEqualTo(alone.usage().promptTokens());
        assertThat(usage.integer("completion_tokens")).isEqualTo(alone.usage().completionTokens());
        assertThat(usage.integer("total_tokens")).isEqualTo(alone.usage().totalTokens());
    }

    @Test
    void aStreamIsTheSameTextInPieces() {
        String body =
                "{\"model\":\"tiny\",\"temperature\":0,\"max_tokens\":8,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
        String whole = choice(served.ok(CHAT, body + "}")).object("message").string("content");
        List<JsonObject> events =
                served.events(CHAT, body + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
        JsonObject usage = events.getLast();
        assertThat(usage.array("choices").size()).isZero();
        assertThat(usage.object("usage").integer("prompt_tokens")).isPositive();
        List<JsonObject> parts = events.subList(0, events.size() - 1);
        assertThat(parts).allMatch(part -> part.string("object").equals("chat.completion.chunk"));
        assertThat(choice(parts.getFirst()).object("delta").string("role")).isEqualTo("assistant");
        assertThat(parts.stream()
                        .map(part -> choice(part).object("delta").string("content", ""))
                        .collect(Collectors.joining()))
                .isEqualTo(whole);
        assertThat(choice(parts.getLast()).string("finish_reason")).isIn("stop", "length");
        assertThat(parts.getLast().object("moelora").has("time_ms")).isTrue();
        assertThat(served.events(CHAT, body + ",\"stream\":true}"))
                .allMatch(part -> part.array("choices").size() == 1)
                .noneMatch(part -> part.has("usage"));
    }

    @Test
    void usageSaysWhatWasNotReadAgain() {
        String body = "{\"model\":\"tiny\",\"max_tokens\":1,\"temperature\":0,\"prompt\":"
                + quoted("Once more. ".repeat(20)) + "}";
        served.ok(TEXT, body);
        assertThat(served.ok(TEXT, body)
                        .object("usage")
                        .object("prompt_tokens_details")
                        .integer("cached_tokens"))
                .isPositive();
    }

    @Test
    void severalPromptsAndTextsHavePlacesOfTheirOwn() {
        String body =
                "{\"model\":\"tiny\",\"temperature\":0.7,\"seed\":5,\"max_tokens\":4,\"n\":2,\"prompt\":[\"Once\",[0,5,6]]";
        JsonObject whole = served.ok(TEXT, body + "}");
        List<String> texts = new ArrayList<>();
        for (JsonObject choice : whole.array("choices").objects()) {
            assertThat(choice.integer("index")).isEqualTo(texts.size());
            texts.add(choice.string("text"));
        }
        assertThat(texts).hasSize(4);
        assertThat(served
                        .base
                        .plain()
                        .completions(Request.of("Once")
                                .temperature(0.7)
                                .seed(5)
                                .maxTokens(4)
                                .texts(2)
                                .build())
                        .stream()
                        .map(Completion::text))
                .isEqualTo(texts.subList(0, 2));
        String[] streamed = {"", "", "", ""};
        for (JsonObject event : served.events(TEXT, body + ",\"stream\":true}")) {
            for (JsonObject choice : event.array("choices").objects()) {
                streamed[choice.integer("index")] += choice.string("text");
            }
        }
        assertThat(streamed).containsExactlyElementsOf(texts);
    }

    private static String quoted(String text) {
        return JsonWriter.line(text);
    }

    @Test
    void stopsSeedsAndBiases() {
        String body = "{\"model\":\"tiny\",\"temperature\":0,\"prompt\":" + quoted(PROMPT);
        String whole = text(served.ok(TEXT, body + "}"));
        assertThat(whole).isEqualTo(alone(PROMPT, 16).text());
        String stop = whole.substring(whole.length() - 2);
        assertThat(text(served.ok(TEXT, body + ",\"stop\":" + quoted(stop) + "}")))
                .isEqualTo(whole.substring(0, whole.indexOf(stop)));
        assertThat(text(served.ok(TEXT, body + ",\"stop\":[\"zzz\"," + quoted(stop) + "]}")))
                .isEqualTo(whole.substring(0, whole.indexOf(stop)));
        int first = alone(PROMPT, 1).ids().getFirst();
        assertThat(text(served.ok(TEXT, body + ",\"logit_bias\":{\"" + first + "\":-100}}")))
                .isNotEqualTo(whole);
        String drawn = "{\"model\":\"tiny\",\"prompt\":\"Once\",\"max_tokens\":12,\"seed\":";
        assertThat(text(served.ok(TEXT, drawn + "3}")))
                .isEqualTo(text(served.ok(TEXT, drawn + "3}")))
                .isNotEqualTo(text(served.ok(TEXT, drawn + "4}")));
    }

    @Test
    void logProbabilitiesAreThoseOfTheModel() {
        Completion alone = served.base
                .plain()
                .complete(Request.of(PROMPT).maxTokens(3).logProbabilities(2).build());
        JsonObject ofText = choice(served.ok(
                        TEXT,
                        "{\"model\":\"tiny\",\"temperature\":0,\"max_tokens\":3,\"logprobs\":2,\"prompt\":"
                                + quoted(PROMPT) + "}"))
                .object("logprobs");
        assertThat(String.join("", ofText.array("tokens").strings())).isEqualTo(alone.text());
        assertThat(ofText.array("token_logprobs").number(0))
                .isEqualTo(alone.logProbabilities().getFirst().logProbability(), within(1e-5));
        assertThat(ofText.array("top_logprobs").object(0).names()).hasSize(2);
        JsonObject ofChat = choice(
                        served.ok(
                                CHAT,
                                "{\"model\":\"tiny\",\"temperature\":0,\"max_tokens\":3,\"logprobs\":true,\"top_logprobs\":2,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"))
                .object("logprobs");
        JsonObject token = ofChat.array("content").object(0);
        assertThat(token.array("top_logprobs").object(0).number("logprob"))
                .isEqualTo(token.number("logprob"), within(1e-9));
        byte[] bytes = new byte[token.array("bytes").size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) token.array("bytes").integer(i);
        }
        assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo(token.string("token"));
    }

    @Test
    void anAdapterIsAskedForByItsNameOrByLora() {
        String rest = ",\"temperature\":0,\"max_tokens\":6,\"prompt\":" + quoted(PROMPT) + "}";
        String a = text(served.ok(TEXT, "{\"model\":\"a\"" + rest));
        assertThat(a).isNotEqualTo(text(served.ok(TEXT, "{\"model\":\"tiny\"" + rest)));
        JsonObject byId = served.ok(TEXT, "{\"model\":\"tiny\",\"lora\":[{\"id\":0,\"scale\":1.0}]" + rest);
        assertThat(text(byId)).isEqualTo(a);
        assertThat(byId.string("model")).isEqualTo("a");
        assertThat(text(served.ok(
                        TEXT, "{\"model\":\"c\",\"lora\":[{\"id\":\"a\"},{\"id\":\"c\",\"scale\":0}]" + rest)))
                .isEqualTo(a);
        assertThat(served.ok(TEXT, "{\"model\":\"a\",\"lora\":[{\"id\":0,\"scale\":0}]" + rest)
                        .string("model"))
                .isEqualTo("tiny");
    }

    @Test
    void anAnswerSaysWhichExpertsItHas() {
        String rest = ",\"temperature\":0,\"experts\":true,\"max_tokens\":2,\"prompt\":" + quoted(PROMPT) + "}";
        JsonObject experts =
                served.ok(TEXT, "{\"model\":\"c\"" + rest).object("moelora").object("experts");
        assertThat(experts.string("router")).isEqualTo("prompt");
        double sum = 0;
        for (double gate : experts.array("mean").numbers()) {
            sum += gate;
        }
        assertThat(sum).isEqualTo(1, within(1e-4));
        assertThat(experts.object("linears").names()).contains("model.layers.0.self_attn.q_proj");
        assertThat(served.ok(TEXT, "{\"model\":\"a\"" + rest)
                        .object("moelora")
                        .object("experts")
                        .string("router"))
                .isEqualTo("none");
    }

    @Test
    void embeddingsAreThoseOfTheView() {
        JsonObject answer = served.ok("/v1/embeddings", "{\"model\":\"tiny\",\"input\":[\"one\",\"two\"]}");
        List<float[]> alone = served.base.plain().embed(List.of("one", "two"), Pooling.MEAN).stream()
                .map(TextEmbedding::toArray)
                .toList();
        for (int i = 0; i < 2; i++) {
            JsonObject one = answer.array("data").object(i);
            assertThat(one.integer("index")).isEqualTo(i);
            double[] values = one.array("embedding").numbers();
            assertThat(values).hasSameSizeAs(alone.get(i));
            for (int j = 0; j < values.length; j++) {
                assertThat((float) values[j]).isEqualTo(alone.get(i)[j]);
            }
        }
        assertThat(answer.object("usage").integer("prompt_tokens")).isPositive();
        String coded = served.ok(
                        "/v1/embeddings", "{\"model\":\"tiny\",\"input\":\"two\",\"encoding_format\":\"base64\"}")
                .array("data")
                .object(0)
                .string("embedding");
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(coded)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.getFloat()).isEqualTo(served.base.plain().embed("two").toArray()[0]);
        assertThat(served.post("/v1/embeddings", "{\"model\":\"tiny\",\"input\":\"x\",\"dimensions\":8}")
                        .body())
                .contains("\"param\":\"dimensions\"");
    }

    @Test
    void modelsAreListed() {
        JsonObject list = Json.parse(served.get("/v1/models").body(), "models");
        assertThat(list.array("data").objects().stream().map(model -> model.string("id")))
                .startsWith("tiny", "a", "c");
        JsonObject c = Json.parse(served.get("/v1/models/c").body(), "model");
        assertThat(c.string("parent")).isEqualTo("tiny");
        assertThat(c.object("moelora").string("router")).isEqualTo("prompt");
        assertThat(served.get("/v1/models/x%2Fy").statusCode()).isEqualTo(404);
    }

    @Test
    void adaptersComeAndGoWhileTheServerRuns() {
        String load = "/v1/load_lora_adapter";
        String unload = "/v1/unload_lora_adapter";
        String rest = ",\"temperature\":0,\"max_tokens\":6,\"prompt\":" + quoted(PROMPT) + "}";
        assertThat(served.post(TEXT, "{\"model\":\"b\"" + rest).statusCode()).isEqualTo(404);
        served.ok(load, "{\"lora_name\":\"b\",\"lora_path\":\"a\"}");
        String first = text(served.ok(TEXT, "{\"model\":\"b\"" + rest));
        assertThat(served.post(load, "{\"lora_name\":\"b\",\"lora_path\":\"b\"}")
                        .body())
                .contains("is called \\\"b\\\" already");
        served.ok(load, "{\"lora_name\":\"b\",\"lora_path\":\"b\",\"load_inplace\":true}");
        assertThat(text(served.ok(TEXT, "{\"model\":\"b\"" + rest))).isNotEqualTo(first);
        served.ok(unload, "{\"lora_name\":\"b\"}");
        assertThat(served.post(TEXT, "{\"model\":\"b\"" + rest).statusCode()).isEqualTo(404);
        assertThat(served.post(unload, "{\"lora_name\":\"tiny\"}").statusCode()).isEqualTo(404);
        for (String path : List.of("../tiny", "/etc", "nothing", "\\u0000")) {
            HttpResponse<String> refused = served.post(load, "{\"lora_name\":\"x\",\"lora_path\":\"" + path + "\"}");
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body()).contains("no such folder below");
        }
    }

    /** What a client is told, in OpenAI's shape: the status, the field and the code. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "404|model|model_not_found|\"model\":\"gpt-4\",\"prompt\":\"x\"",
                "400|model|missing_required_parameter|\"prompt\":\"x\"",
                "400|prompt|invalid_value|\"model\":\"tiny\"",
                "400|prompt|invalid_type|\"model\":\"tiny\",\"prompt\":[\"a\",5]",
                "400|temperature|invalid_type|\"model\":\"tiny\",\"prompt\":\"x\",\"temperature\":\"hot\"",
                "400|temperature|invalid_value|\"model\":\"tiny\",\"prompt\":\"x\",\"temperature\":3",
                "400|n|invalid_value|\"model\":\"tiny\",\"prompt\":\"x\",\"n\":0",
                "400|max_tokens|invalid_value|\"model\":\"tiny\",\"prompt\":\"x\",\"max_tokens\":0",
                "400|tempratur|unknown_parameter|\"model\":\"tiny\",\"prompt\":\"x\",\"tempratur\":1",
                "400|echo|unsupported_parameter|\"model\":\"tiny\",\"prompt\":\"x\",\"echo\":true",
                "400|suffix|unsupported_parameter|\"model\":\"tiny\",\"prompt\":\"x\",\"suffix\":\"y\"",
                "400|best_of|unsupported_parameter|\"model\":\"tiny\",\"prompt\":\"x\",\"best_of\":4",
                "400|reasoning_effort|unsupported_parameter|\"model\":\"tiny\",\"prompt\":\"x\",\"reasoning_effort\":\"low\"",
                "400|stream_options|invalid_value|\"model\":\"tiny\",\"prompt\":\"x\",\"stream_options\":{}",
                "400|logit_bias|invalid_value|\"model\":\"tiny\",\"prompt\":\"x\",\"logit_bias\":{\"a\":1}",
                "400|lora|unsupported_parameter|\"model\":\"tiny\",\"prompt\":\"x\",\"lora\":[{\"id\":0,\"scale\":0.5}]",
                "400|lora|invalid_value|\"model\":\"tiny\",\"prompt\":\"x\",\"lora\":[{\"id\":9}]",
                "400||invalid_value|\"model\":\"tiny\",\"prompt\":\"x\",\"top_p\":0",
                "400||invalid_value|\"model\":\"tiny\",\"prompt\":[7777]",
                "400||invalid_json|\"model\":",
            })
    void whatIsWrongIsToldByName(int status, String param, String code, String fields) {
        HttpResponse<String> refused = served.post(TEXT, "{" + fields + "}");
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(status);
        JsonObject error = Json.parse(refused.body(), "error").object("error");
        assertThat(error.stringOrNull("param")).isEqualTo(param);
        assertThat(error.string("code")).isEqualTo(code);
        assertThat(error.string("message")).isNotBlank();
        assertThat(error.string("type")).isNotBlank();
    }

    @Test
    void fieldsThatChangeNothingAreListed() {
        JsonObject answer = served.ok(
                TEXT,
                "{\"model\":\"tiny\",\"prompt\":\"x\",\"max_tokens\":1,\"user\":\"me\",\"metadata\":{\"a\":\"b\"},\"suffix\":null}");
        assertThat(answer.object("moelora").array("ignored").strings()).containsExactly("user", "metadata");
    }

    @Test
    void aTimeEndsATextWithWhatItHas() {
        JsonObject answer = served.ok(TEXT, ENDLESS + ",\"timeout\":1e-9}");
        assertThat(choice(answer).string("finish_reason")).isEqualTo("length");
        assertThat(answer.object("moelora").array("finish").strings()).containsExactly("deadline");
    }

    @Test
    void whatIsTooLargeIsRefused() {
        assertThat(served.post(TEXT, "{\"model\":\"tiny\",\"prompt\":" + quoted("x ".repeat(2000)) + "}")
                        .body())
                .contains("the model has positions for 256");
        assertThat(served.post(TEXT, "{\"prompt\":" + quoted("x".repeat(200_000)) + "}")
                        .statusCode())
                .isEqualTo(413);
        assertThat(served.post(TEXT, "{\"model\":\"tiny\",\"prompt\":\"x\",\"n\":5}")
                        .body())
                .contains("writes 4 at a time");
    }

    @Test
    void aFullQueueIsToldWithWhenToTryAgain() {
        List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            all.add(served.client.sendAsync(
                    Served.json(served.to(TEXT), ENDLESS + ",\"n\":2}").build(), HttpResponse.BodyHandlers.ofString()));
        }
        Map<Integer, Long> statuses = all.stream()
                .map(CompletableFuture::join)
                .collect(Collectors.groupingBy(HttpResponse::statusCode, Collectors.counting()));
        assertThat(statuses).containsOnlyKeys(200, 429);
        assertThat(all.stream().map(CompletableFuture::join).filter(response -> response.statusCode() == 429))
                .allMatch(
                        response -> response.headers().firstValue("Retry-After").isPresent())
                .allMatch(response -> response.body().contains("\"code\":\"queue_full\""));
    }

    /** Asks for a text that would be long, waits until it is written, and goes. */
    private static void askAndGo(boolean stream) throws IOException {
        byte[] body = (ENDLESS + ",\"n\":4,\"stream\":" + stream + "}").getBytes(StandardCharsets.UTF_8);
        try (Socket socket =
                new Socket(served.server.uri().getHost(), served.server.uri().getPort())) {
            socket.getOutputStream()
                    .write(("POST " + TEXT
                                    + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                                    + body.length + "\r\n\r\n")
                            .getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().write(body);
            if (stream) {
                assertThat(socket.getInputStream().readNBytes(200)).hasSize(200);
            } else {
                Served.await(() -> served.server.load().running() > 0);
            }
        }
        Served.await(() -> served.server.load().running() == 0);
    }

    /** A text may have ended before the client had gone, so that it goes again. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClientThatIsGoneCostsNothingMore(boolean stream) throws IOException {
        String cancelled = "moelora_texts_total{finish=\"cancelled\"}";
        double before = served.metric(cancelled);
        do {
            askAndGo(stream);
        } while (served.metric(cancelled) < before + 4);
    }

    @Test
    void healthAndMetricsAndThePage() {
        assertThat(served.get("/health").body()).isEqualTo("{\"status\":\"ok\"}");
        served.ok(TEXT, "{\"model\":\"tiny\",\"prompt\":\"x\",\"max_tokens\":1}");
        assertThat(served.metric("moelora_completion_tokens_total")).isPositive();
        assertThat(served.metric("moelora_request_seconds_count{endpoint=\"" + TEXT + "\",status=\"200\"}"))
                .isPositive();
        HttpResponse<String> page = served.get("/");
        assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
                .contains("default-src 'none'");
        assertThat(page.body()).startsWith("<!doctype html>").doesNotContain("http://", "https://", "src=");
    }

    @Test
    void pathsMethodsAndTypesAreChecked() {
        assertThat(served.get("/v2").statusCode()).isEqualTo(404);
        assertThat(served.get(CHAT).statusCode()).isEqualTo(405);
        HttpRequest plain = served.to(CHAT)
                .header("Content-Type", "text/plain")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build();
        assertThat(served.send(plain).statusCode()).isEqualTo(415);
    }

    /** A page elsewhere may have its name point to this machine; its requests then have that name. */
    @ParameterizedTest
    @CsvSource({"localhost:1,200", "127.0.0.1,200", "[::1]:80,200", "example.org,421", "localhost.example.org:80,421"})
    void anotherHostsNameIsRefused(String host, int status) throws IOException {
        try (Socket socket =
                new Socket(served.server.uri().getHost(), served.server.uri().getPort())) {
            socket.getOutputStream()
                    .write(("GET /health HTTP/1.1\r\nConnection: close\r\nHost: " + host + "\r\n\r\n")
                            .getBytes(StandardCharsets.UTF_8));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 " + status + " ");
        }
    }
}
