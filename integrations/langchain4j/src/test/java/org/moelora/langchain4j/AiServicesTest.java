package org.moelora.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.memory.chat.TokenWindowChatMemory;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.MemoryId;
import dev.langchain4j.service.TokenStream;
import dev.langchain4j.service.UserMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The models as an application uses them: behind an interface, with a memory for each user. */
@ExtendWith(SharedModel.class)
class AiServicesTest {
    interface Assistant {
        String answer(@MemoryId String user, @UserMessage String text);

        TokenStream stream(@MemoryId String user, @UserMessage String text);
    }

    /** What the model may call. */
    static final class Weather {
        private final List<String> asked = new ArrayList<>();

        @Tool(name = "getWeather")
        String weather(@P(name = "city") String city) {
            asked.add(city);
            return "sunny";
        }
    }

    @Test
    void callsAToolAndAnswersWithItsResult() {
        Weather weather = new Weather();
        Assistant assistant = AiServices.builder(Assistant.class)
                .chatModel(Chats.chat(MoeloraChatRequestParameters.NONE))
                .chatMemoryProvider(user -> MessageWindowChatMemory.withMaxMessages(10))
                .tools(weather)
                .build();
        assertThat(assistant.answer("user", "What is the weather in Munich?")).isEqualTo("It is sunny in Munich.");
        assertThat(weather.asked).containsExactly("Munich");
    }

    private static Assistant assistant() {
        MoeloraTokenCountEstimator tokens = MoeloraTokenCountEstimator.of(SharedModel.base());
        return AiServices.builder(Assistant.class)
                .chatModel(Chats.chat(MoeloraChatRequestParameters.NONE))
                .streamingChatModel(Chats.streaming(MoeloraChatRequestParameters.NONE))
                .chatMemoryProvider(user -> TokenWindowChatMemory.withMaxTokens(200, tokens))
                .build();
    }

    @Test
    void eachUserHasAMemory() {
        Assistant assistant = assistant();
        assertThat(assistant.answer("first", "My name is Anna.")).isEqualTo("Hello Anna.");
        assertThat(assistant.answer("second", "My name is Tom.")).isEqualTo("Hello Tom.");
        assertThat(assistant.answer("first", "What is my name?")).isEqualTo("Your name is Anna.");
        assertThat(assistant.answer("second", "What is my name?")).isEqualTo("Your name is Tom.");
        assertThat(assistant.answer("third", "What is my name?")).isEqualTo("I do not know.");
    }

    @Test
    void streamsWithAMemory() throws Exception {
        Assistant assistant = assistant();
        assistant.answer("user", "My name is Anna.");
        StringBuilder pieces = new StringBuilder();
        CompletableFuture<String> whole = new CompletableFuture<>();
        assistant.stream("user", "What is my name?")
                .onPartialResponse(pieces::append)
                .onCompleteResponse(
                        response -> whole.complete(response.aiMessage().text()))
                .onError(whole::completeExceptionally)
                .start();
        assertThat(whole.get(30, TimeUnit.SECONDS)).isEqualTo("Your name is Anna.");
        assertThat(pieces).hasToString("Your name is Anna.");
    }
}
