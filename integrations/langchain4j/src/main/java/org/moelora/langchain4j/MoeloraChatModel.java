package org.moelora.langchain4j;

import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Set;
import org.moelora.model.GenerationEngine;

/**
 * A {@link ChatModel} that answers with views of one decoder, one for each {@code modelName}.
 *
 * <pre>{@code
 * try (Decoder base = Decoder.load(folder);
 *         Adapter support = Adapter.load(run, base);
 *         GenerationEngine engine = GenerationEngine.of(base).open()) {
 *     ChatModel model = MoeloraChatModel.builder(engine).view("support", base.with(support)).build();
 *     String answer = model.chat("Where is my parcel?");
 * }
 * }</pre>
 *
 * <p>Conversations are written by the model's chat template, or as they are trained without one. Of a user's message several texts become lines of one. Tools need a template that
 * writes them; a response format of JSON, with a schema or without, is kept by the choice of tokens. What a request asks for
 * that models here cannot do, such as images, is an {@link dev.langchain4j.exception.UnsupportedFeatureException}; a request that does not fit is an
 * {@link dev.langchain4j.exception.InvalidRequestException}, one that finds the queue full a {@link dev.langchain4j.exception.RateLimitException}, and a device without memory an
 * {@link dev.langchain4j.exception.InternalServerException}. Without a temperature the most probable token is chosen each time, and without {@code maxOutputTokens} an answer has at
 * most 256 tokens. A text whose deadline has passed, or whose thread was interrupted, is returned as far as it came, with the finish reason {@code OTHER}.
 *
 * <p>Safe for use by several threads: their requests run in one batch. The engine stays the caller's.
 */
public final class MoeloraChatModel implements ChatModel {
    private final ChatCalls calls;

    private MoeloraChatModel(ChatCalls calls) {
        this.calls = calls;
    }

    /** For an engine, which is to be closed by whom opened it. */
    public static Builder builder(GenerationEngine engine) {
        return new Builder(engine);
    }

    /** What a model is made of. */
    public static final class Builder extends ChatModelBuilder<Builder> {
        private Builder(GenerationEngine engine) {
            super(engine);
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * @throws IllegalStateException if there is no view
         * @throws dev.langchain4j.exception.ModelNotFoundException if the default parameters name a view that there is not
         * @throws dev.langchain4j.exception.UnsupportedFeatureException if they ask for what is not supported
         */
        public MoeloraChatModel build() {
            return new MoeloraChatModel(calls());
        }
    }

    @Override
    public ChatResponse doChat(ChatRequest chat) {
        ChatCalls.Call call = calls.of(chat);
        try {
            return ResponseTranslation.response(
                    call.name(),
                    calls.views().engine().complete(call.view(), call.request().build()));
        } catch (RuntimeException e) {
            throw ResponseTranslation.translated(e);
        }
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return calls.defaults();
    }

    @Override
    public Set<Capability> supportedCapabilities() {
        return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }

    @Override
    public List<ChatModelListener> listeners() {
        return calls.listeners();
    }
}
