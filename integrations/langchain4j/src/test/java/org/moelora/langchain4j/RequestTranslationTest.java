package org.moelora.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.moelora.engine.InputException;
import org.moelora.model.Completion;
import org.moelora.model.EngineBusyException;
import org.moelora.model.GenerationEngine;
import org.moelora.model.LanguageModel;
import org.moelora.model.Request;

/** Requests in the terms of LangChain4j against the engine's own. */
@ExtendWith(SharedModel.class)
class RequestTranslationTest {
    private static final String STORY = "Tell me a long story about animals";

    private static ChatRequest request(ChatRequestParameters parameters, ChatMessage... messages) {
        return ChatRequest.builder().messages(messages).parameters(parameters).build();
    }

    private static Completion engine(Request.Builder request) {
        return SharedModel.engine().complete(SharedModel.base().plain(), request.build());
    }

    private static Request.Builder story() {
        return Request.ofMessages(List.of(new org.moelora.text.ChatMessage("user", STORY)));
    }

    @Test
    void everyParameterReachesTheEngine() {
        MoeloraChatRequestParameters parameters = MoeloraChatRequestParameters.builder()
                .temperature(3.0)
                .topP(0.99)
                .topK(300)
                .frequencyPenalty(0.5)
                .presencePenalty(-0.5)
                .maxOutputTokens(12)
                .stopSequences("zz")
                .minP(1e-6)
                .repetitionPenalty(1.1)
                .logitBias(Map.of(300, 2.0))
                .seed(7L)
                .logProbabilities(1)
                .build();
        Request.Builder same = story().temperature(3)
                .topP(0.99)
                .topK(300)
                .frequencyPenalty(0.5)
                .presencePenalty(-0.5)
                .maxTokens(12)
                .stop("zz")
                .minP(1e-6)
                .repetitionPenalty(1.1)
                .logitBias(Map.of(300, 2.0))
                .seed(7)
                .logProbabilities(1);
        ChatResponse response =
                Chats.chat(parameters).chat(request(MoeloraChatRequestParameters.NONE, UserMessage.from(STORY)));
        assertThat(response.aiMessage().text()).isEqualTo(engine(same).text());
        Completion completion = ((MoeloraChatResponseMetadata) response.metadata()).completion();
        assertThat(completion.logProbabilities()).hasSize(completion.ids().size());
        // Each one changes the text, or a test that leaves it out would pass.
        assertThat(engine(same.seed(8)).text())
                .isNotEqualTo(response.aiMessage().text());
    }

    @Test
    void parametersOfARequestComeBeforeThoseOfTheModel() {
        MoeloraChatRequestParameters model = MoeloraChatRequestParameters.builder()
                .maxOutputTokens(3)
                .seed(1L)
                .build();
        ChatRequestParameters merged = model.overrideWith(
                ChatRequestParameters.builder().maxOutputTokens(4).topK(2).build());
        assertThat(merged)
                .isEqualTo(MoeloraChatRequestParameters.builder()
                        .maxOutputTokens(4)
                        .topK(2)
                        .seed(1L)
                        .build());
        assertThat(model.defaultedBy(merged).maxOutputTokens()).isEqualTo(3);
        assertThat(Chats.chat(model)
                        .chat(request(
                                MoeloraChatRequestParameters.builder()
                                        .maxOutputTokens(4)
                                        .build(),
                                UserMessage.from(STORY)))
                        .metadata()
                        .tokenUsage()
                        .outputTokenCount())
                .isEqualTo(4);
    }

    @Test
    void severalTextsOfAUserAreLinesOfOne() {
        List<org.moelora.text.ChatMessage> messages = RequestTranslation.messages(List.of(
                SystemMessage.from("s"),
                UserMessage.from(TextContent.from("a"), TextContent.from("b")),
                AiMessage.from("c"),
                UserMessage.from("Anna", "d")));
        assertThat(messages)
                .containsExactly(
                        new org.moelora.text.ChatMessage("system", "s"),
                        new org.moelora.text.ChatMessage("user", "a\nb"),
                        new org.moelora.text.ChatMessage("assistant", "c"),
                        new org.moelora.text.ChatMessage("user", "d", Map.of("name", "Anna")));
    }

    @Test
    void whatCannotBeDoneIsRefusedByName() {
        assertThatExceptionOfType(UnsupportedFeatureException.class)
                .isThrownBy(() -> RequestTranslation.messages(List.of(UserMessage.from(ImageContent.from("file:x")))))
                .withMessageStartingWith("content of the type image is not supported");
        assertThatExceptionOfType(ModelNotFoundException.class)
                .isThrownBy(() -> Chats.chat(
                        MoeloraChatRequestParameters.builder().modelName("none").build()))
                .withMessage("there is no model \"none\"; expected one of conversations, other");
        assertThatThrownBy(() -> MoeloraChatModel.builder(SharedModel.engine()).build())
                .isInstanceOf(IllegalStateException.class);
        LanguageModel view = SharedModel.base().plain();
        assertThatThrownBy(() -> MoeloraChatModel.builder(SharedModel.engine())
                        .view("a", view)
                        .view("a", view))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatDoesNotFitIsAnInvalidRequest() {
        MoeloraChatModel model = Chats.chat(MoeloraChatRequestParameters.NONE);
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() -> model.chat("word ".repeat(1000)))
                .withMessageContaining("the model has positions for 256")
                .withCauseInstanceOf(InputException.class);
        assertThatExceptionOfType(InvalidRequestException.class)
                .isThrownBy(() -> Chats.chat(
                                MoeloraChatRequestParameters.builder().topP(2.0).build())
                        .chat("hello"))
                .withMessageContaining("top-p is 2.0");
    }

    @Test
    void aFullQueueIsARateLimit() {
        LanguageModel view = SharedModel.base().plain();
        Request endless = story().maxTokens(200).logitBias(Map.of(1, -100.0)).build();
        try (GenerationEngine small =
                GenerationEngine.of(SharedModel.base()).batch(1).queue(1).open()) {
            EngineBusyException busy = catchThrowableOfType(EngineBusyException.class, () -> {
                for (int i = 0; i < 10_000; i++) {
                    var _ = small.submit(view, endless);
                }
            });
            assertThat(ResponseTranslation.translated(busy))
                    .isExactlyInstanceOf(RateLimitException.class)
                    .hasMessage(busy.getMessage())
                    .hasCause(busy);
        }
    }

    @Test
    void aTextWithoutTimeEndsWithWhatItHas() {
        ChatResponse response = Chats.chat(MoeloraChatRequestParameters.builder()
                        .deadline(Duration.ofNanos(1))
                        .build())
                .chat(UserMessage.from(STORY));
        assertThat(response.aiMessage().text()).isEmpty();
        assertThat(response.metadata().finishReason()).isEqualTo(FinishReason.OTHER);
        assertThat(((MoeloraChatResponseMetadata) response.metadata())
                        .completion()
                        .finish())
                .isEqualTo(org.moelora.model.FinishReason.DEADLINE);
        assertThat(response.metadata().toBuilder().build()).isEqualTo(response.metadata());
    }
}
