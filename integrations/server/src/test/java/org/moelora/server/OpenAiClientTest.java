package org.moelora.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.models.Model;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own client for Java understands the answers, and its exceptions are what went wrong. */
@Timeout(120)
class OpenAiClientTest {
    @TempDir
    private static Path root;

    private static Served served;
    private static OpenAIClient client;

    @BeforeAll
    static void open() {
        Served.adapters(root);
        served = new Served(builder -> builder.apiKey("key").adapter("a", root.resolve("a")));
        client = client("key");
    }

    private static OpenAIClient client(String key) {
        return OpenAIOkHttpClient.builder()
                .apiKey(key)
                .baseUrl(served.server.uri() + "/v1")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void close() {
        client.close();
        served.close();
    }

    private static ChatCompletionCreateParams.Builder chat(String model) {
        return ChatCompletionCreateParams.builder()
                .model(model)
                .addSystemMessage("Be brief.")
                .addUserMessage("Hi")
                .temperature(0.0)
                .maxCompletionTokens(8);
    }

    @Test
    void chatsAreAnsweredWholeAndInPieces() {
        ChatCompletion answer = client.chat().completions().create(chat("a").build());
        String content = answer.choices().getFirst().message().content().orElseThrow();
        assertThat(answer.validate()).isNotNull();
        assertThat(answer.usage().orElseThrow().promptTokens()).isPositive();
        ChatCompletionCreateParams streamed = chat("a")
                .streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(streamed)) {
            List<ChatCompletionChunk> chunks = stream.stream().toList();
            chunks.forEach(chunk -> assertThat(chunk.validate()).isNotNull());
            assertThat(chunks.stream()
                            .flatMap(chunk -> chunk.choices().stream())
                            .map(choice -> choice.delta().content().orElse(""))
                            .collect(Collectors.joining()))
                    .isEqualTo(content);
            assertThat(chunks.getLast().usage().orElseThrow().completionTokens())
                    .isEqualTo(answer.usage().orElseThrow().completionTokens());
        }
    }

    @Test
    void logProbabilitiesAndSeveralTexts() {
        ChatCompletion answer = client.chat()
                .completions()
                .create(chat("tiny").logprobs(true).topLogprobs(3).n(2).build());
        assertThat(answer.validate().choices()).hasSize(2);
        assertThat(answer.choices()
                        .getFirst()
                        .logprobs()
                        .orElseThrow()
                        .content()
                        .orElseThrow()
                        .getFirst()
                        .topLogprobs())
                .hasSize(3);
        Completion text = client.completions()
                .create(CompletionCreateParams.builder()
                        .model("tiny")
                        .prompt("Once")
                        .logprobs(2)
                        .maxTokens(4)
                        .build());
        assertThat(text.validate().choices().getFirst().logprobs().orElseThrow().tokens())
                .isPresent();
    }

    @Test
    void embeddings() {
        assertThat(client.embeddings()
                        .create(EmbeddingCreateParams.builder()
                                .model("tiny")
                                .input("one")
                                .build())
                        .data()
                        .getFirst()
                        .embedding())
                .hasSize(served.base.config().hiddenSize());
    }

    @Test
    void modelsAreListed() {
        assertThat(client.models().list().data()).extracting(Model::id).containsExactly("tiny", "a");
        assertThat(client.models().retrieve("a").validate().id()).isEqualTo("a");
    }

    @Test
    void whatGoesWrongIsAnExceptionOfItsKind() {
        assertThatThrownBy(() -> client.chat().completions().create(chat("b").build()))
                .isInstanceOf(NotFoundException.class)
                .hasMessageContaining("the model \"b\" is not served here");
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(chat("tiny").temperature(5.0).build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("temperature");
        OpenAIClient other = client("other");
        assertThatThrownBy(() -> other.models().list()).isInstanceOf(UnauthorizedException.class);
        other.close();
    }
}
