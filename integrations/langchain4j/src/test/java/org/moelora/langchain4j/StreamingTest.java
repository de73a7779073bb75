package org.moelora.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.moelora.model.GenerationEngine;

/** What the suite does not look at, or looks at slowly. */
@ExtendWith(SharedModel.class)
class StreamingTest {
    private static final String STORY = "Tell me a long story about animals";

    /** Cancels at its second piece. */
    private static final class Cancelling implements StreamingChatResponseHandler {
        private final AtomicInteger pieces = new AtomicInteger();
        private final List<String> after = new ArrayList<>();

        @Override
        public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
            if (context.streamingHandle().isCancelled()) {
                after.add(piece.text());
            }
            if (pieces.incrementAndGet() == 2) {
                context.streamingHandle().cancel();
            }
        }

        @Override
        public void onCompleteResponse(ChatResponse response) {
            after.add("complete");
        }

        @Override
        public void onError(Throwable error) {
            after.add("error " + error);
        }
    }

    @Test
    void aCancelledStreamSaysNothingMoreAndLeavesTheEngine() throws Exception {
        try (GenerationEngine engine =
                GenerationEngine.of(SharedModel.base()).batch(1).open()) {
            MoeloraStreamingChatModel model = MoeloraStreamingChatModel.builder(engine)
                    .view("a", SharedModel.base().plain())
                    .build();
            Cancelling handler = new Cancelling();
            model.chat(STORY, handler);
            // With room for one text at a time, this one begins when the cancelled one has ended.
            CompletableFuture<ChatResponse> next = new CompletableFuture<>();
            model.chat("Say 'Hello World'", new StreamingChatResponseHandler() {
                @Override
                public void onPartialResponse(String piece) {}

                @Override
                public void onCompleteResponse(ChatResponse response) {
                    next.complete(response);
                }

                @Override
                public void onError(Throwable error) {
                    next.completeExceptionally(error);
                }
            });
            assertThat(next.get(30, TimeUnit.SECONDS).aiMessage().text()).isEqualTo("Hello World");
            assertThat(handler.after).isEmpty();
            assertThat(handler.pieces).hasValueLessThanOrEqualTo(2);
            assertThat(engine.load().running()).isZero();
        }
    }
}
