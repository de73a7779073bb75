package org.moelora.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.GenerationEngine;
import org.moelora.model.Request;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.advisor.MessageChatMemoryAdvisor;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.observation.ChatModelMeterObservationHandler;
import org.springframework.ai.chat.observation.ChatModelObservationContext;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.Media;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.MimeTypeUtils;
import reactor.core.Disposable;

/** Calls and streams of a model that knows a few conversations by heart. */
class MoeloraChatModelTest {
    private static final String STORY = "Tell me a long story about animals";

    private static Decoder base;
    private static GenerationEngine engine;

    @BeforeAll
    static void open() {
        base = Decoder.load(Path.of("../../test-models/conversations"));
        engine = GenerationEngine.of(base).open();
    }

    @AfterAll
    static void close() {
        engine.close();
        base.close();
    }

    private static MoeloraChatModel.Builder model() {
        return MoeloraChatModel.builder(engine)
                .view("conversations", base.plain())
                .view("other", base.plain());
    }

    private static Prompt prompt(String text, ChatOptions options) {
        return new Prompt(new UserMessage(text), options);
    }

    @Test
    void callsWithMetadata() {
        ChatResponse response = model().build()
                .call(new Prompt(
                        new SystemMessage("Translate messages from user into German"),
                        new UserMessage("Translate: 'I love you'")));
        assertThat(response.getResult().getOutput().getText()).isEqualTo("Ich liebe dich.");
        assertThat(response.getResult().getMetadata().getFinishReason()).isEqualTo("STOP");
        assertThat(response.getMetadata().getModel()).isEqualTo("conversations");
        assertThat(response.getMetadata().getUsage().getPromptTokens()).isPositive();
        assertThat(response.getMetadata().getUsage().getTotalTokens())
                .isEqualTo(response.getMetadata().getUsage().getPromptTokens()
                        + response.getMetadata().getUsage().getCompletionTokens());
        assertThat(response.getMetadata().getUsage().getNativeUsage()).isInstanceOf(org.moelora.model.Usage.class);
    }

    @Test
    void streamsPiecesAndThenTheEnd() {
        List<ChatResponse> pieces = model().build().stream(new Prompt("What is the capital of Germany?"))
                .collectList()
                .block(Duration.ofSeconds(30));
        assertThat(pieces).hasSizeGreaterThan(2);
        StringBuilder text = new StringBuilder();
        pieces.forEach(piece -> text.append(piece.getResult().getOutput().getText()));
        assertThat(text).hasToString("The capital of Germany is Berlin.");
        assertThat(pieces.getLast().getResult().getMetadata().getFinishReason()).isEqualTo("STOP");
        assertThat(pieces.getLast().getMetadata().getUsage().getCompletionTokens())
                .isPositive();
    }

    @Test
    void aCancelledStreamLeavesTheEngine() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        Disposable stream = model().build().stream(prompt(
                        STORY,
                        MoeloraChatOptions.builder()
                                .maxTokens(230)
                                .logitBias(Map.of(1, -100.0))
                                .build()))
                .subscribe(piece -> begun.countDown());
        assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
        stream.dispose();
        assertThat(model().build().call("Say 'Hello World'")).isEqualTo("Hello World");
        while (engine.load().running() > 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void optionsOfAPromptComeBeforeThoseOfTheModel() {
        MoeloraChatOptions own = MoeloraChatOptions.builder()
                .maxTokens(12)
                .temperature(3.0)
                .topK(300)
                .topP(0.99)
                .minP(1e-6)
                .frequencyPenalty(0.5)
                .presencePenalty(-0.5)
                .repetitionPenalty(1.1)
                .logitBias(Map.of(300, 2.0))
                .stopSequences(List.of("zz"))
                .seed(7L)
                .build();
        String expected = engine.complete(
                        base.plain(),
                        Request.ofMessages(List.of(new org.moelora.text.ChatMessage("user", STORY)))
                                .maxTokens(12)
                                .temperature(3)
                                .topK(300)
                                .topP(0.99)
                                .minP(1e-6)
                                .frequencyPenalty(0.5)
                                .presencePenalty(-0.5)
                                .repetitionPenalty(1.1)
                                .logitBias(Map.of(300, 2.0))
                                .stop("zz")
                                .seed(7)
                                .build())
                .text();
        MoeloraChatModel model = model().options(own).build();
        assertThat(model.call(STORY)).isEqualTo(expected);
        ChatResponse shorter = model.call(
                prompt(STORY, ChatOptions.builder().maxTokens(3).model("other").build()));
        assertThat(shorter.getMetadata().getUsage().getCompletionTokens()).isEqualTo(3);
        assertThat(shorter.getResult().getMetadata().getFinishReason()).isEqualTo("LENGTH");
        assertThat(shorter.getMetadata().getModel()).isEqualTo("other");
        assertThat(own.mutate().build()).isEqualTo(own).isNotEqualTo(MoeloraChatOptions.NONE);
        MoeloraChatOptions two = own.mutate()
                .combineWith(MoeloraChatOptions.builder().seed(8L).maxTokens(2))
                .build();
        assertThat(two.getSeed()).isEqualTo(8);
        assertThat(two.getMaxTokens()).isEqualTo(2);
        assertThat(two.getMinP()).isEqualTo(1e-6);
    }

    @Test
    void anOutputSchemaIsKept() {
        ChatOptions options = StructuredOutputChatOptions.builder()
                .outputSchema(
                        "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}")
                .build();
        ChatResponse response = model().build().call(prompt("What is the capital of Germany?", options));
        assertThat(response.getResult().getOutput().getText()).isEqualToIgnoringWhitespace("{\"city\": \"Berlin\"}");
    }

    @Test
    void whatCannotBeDoneIsRefusedByName() {
        MoeloraChatModel model = model().build();
        Media image = new Media(MimeTypeUtils.IMAGE_PNG, new ByteArrayResource(new byte[] {1}));
        assertThatThrownBy(() -> model.call(new Prompt(
                        UserMessage.builder().text("What is it?").media(image).build())))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageStartingWith("media of the type image/png are not supported");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> model.call(
                        prompt("hello", ChatOptions.builder().model("none").build())))
                .withMessage("there is no model \"none\"; expected one of conversations, other");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> model.stream(new Prompt("word ".repeat(1000))).blockLast(Duration.ofSeconds(30)))
                .withMessageContaining("the model has positions for 256");
        assertThatThrownBy(() -> MoeloraChatModel.builder(engine).build()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aChatClientHasAMemory() {
        ChatMemory memory = MessageWindowChatMemory.builder().maxMessages(4).build();
        ChatClient client = ChatClient.builder(model().build())
                .defaultAdvisors(MessageChatMemoryAdvisor.builder(memory).build())
                .build();
        assertThat(asked(client, "first", "My name is Anna.")).isEqualTo("Hello Anna.");
        assertThat(asked(client, "second", "My name is Tom.")).isEqualTo("Hello Tom.");
        assertThat(asked(client, "first", "What is my name?")).isEqualTo("Your name is Anna.");
        assertThat(asked(client, "second", "What is my name?")).isEqualTo("Your name is Tom.");
    }

    private static String asked(ChatClient client, String user, String text) {
        return client.prompt()
                .user(text)
                .advisors(advisor -> advisor.param(ChatMemory.CONVERSATION_ID, user))
                .call()
                .content();
    }

    @Test
    void callsAndStreamsAreObserved() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        List<ChatModelObservationContext> stopped = new ArrayList<>();
        ObservationRegistry registry = ObservationRegistry.create();
        registry.observationConfig()
                .observationHandler(new ChatModelMeterObservationHandler(meters))
                .observationHandler(new ObservationHandler<ChatModelObservationContext>() {
                    @Override
                    public void onStop(ChatModelObservationContext context) {
                        stopped.add(context);
                    }

                    @Override
                    public boolean supportsContext(Observation.Context context) {
                        return context instanceof ChatModelObservationContext;
                    }
                });
        MoeloraChatModel model = model().observationRegistry(registry).build();
        model.call("hello");
        model.stream(new Prompt("hello")).blockLast(Duration.ofSeconds(30));
        assertThatThrownBy(() -> model.call("word ".repeat(1000))).isInstanceOf(InputException.class);
        assertThat(stopped).hasSize(3);
        assertThat(stopped.get(0).getOperationMetadata().provider()).isEqualTo("moelora");
        assertThat(stopped.get(0).getResponse().getResult().getOutput().getText())
                .isEqualTo(stopped.get(1).getResponse().getResult().getOutput().getText())
                .isEqualTo("Hello to you.");
        assertThat(stopped.get(2).getError()).isInstanceOf(InputException.class);
        assertThat(meters.get("gen_ai.client.token.usage")
                        .tag("gen_ai.token.type", "output")
                        .counter()
                        .count())
                .isPositive();
    }
}
