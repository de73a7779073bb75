package org.moelora.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.List;
import java.util.Set;
import org.moelora.engine.Cancellation;
import org.moelora.model.Completion;
import org.moelora.model.GenerationEngine;
import org.moelora.model.Request;

/**
 * {@link MoeloraChatModel} for answers that are shown as they come. A piece never ends inside a character, and holds nothing that may become a stop sequence.
 *
 * <p>The handler is called by a thread of its request, one call after another; a slow one holds up no other request. What it throws is handed to its {@code onError}, and the text
 * goes on. {@link StreamingHandle#cancel} ends the text before its next token, and the handler is not called any more.
 */
public final class MoeloraStreamingChatModel implements StreamingChatModel {
    private static final System.Logger LOG = System.getLogger(MoeloraStreamingChatModel.class.getName());

    private final ChatCalls calls;

    private MoeloraStreamingChatModel(ChatCalls calls) {
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
        public MoeloraStreamingChatModel build() {
            return new MoeloraStreamingChatModel(calls());
        }
    }

    @Override
    public void doChat(ChatRequest chat, StreamingChatResponseHandler handler) {
        ChatCalls.Call call = calls.of(chat);
        Thread.ofVirtual().name("moelora-stream").start(() -> stream(call, handler));
    }

    private void stream(ChatCalls.Call call, StreamingChatResponseHandler handler) {
        Stop stop = new Stop(new Cancellation());
        PartialResponseContext context = new PartialResponseContext(stop);
        ChatResponse response;
        try {
            Request request = call.request().cancellation(stop.asked).build();
            Completion completion = calls.views()
                    .engine()
                    .complete(
                            call.view(),
                            request,
                            piece -> told(
                                    handler,
                                    () -> handler.onPartialResponse(new PartialResponse(piece), context),
                                    stop));
            response = ResponseTranslation.response(call.name(), completion);
            List<ToolExecutionRequest> tools = ResponseTranslation.calls(completion);
            for (int i = 0; i < tools.size(); i++) {
                CompleteToolCall tool = new CompleteToolCall(i, tools.get(i));
                told(handler, () -> handler.onCompleteToolCall(tool), stop);
            }
        } catch (RuntimeException e) {
            failed(handler, ResponseTranslation.translated(e));
            return;
        } catch (Error e) {
            failed(handler, e);
            throw e;
        }
        told(handler, () -> handler.onCompleteResponse(response), stop);
    }

    /** Calls a handler that wants to hear of it, and tells it what it threw. */
    private static void told(StreamingChatResponseHandler handler, Runnable call, Stop stop) {
        if (stop.isCancelled()) {
            return;
        }
        try {
            call.run();
        } catch (RuntimeException e) {
            failed(handler, e);
        }
    }

    private static void failed(StreamingChatResponseHandler handler, Throwable failure) {
        try {
            handler.onError(failure);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "a handler's onError threw, which ends nothing", e);
        }
    }

    private record Stop(Cancellation asked) implements StreamingHandle {
        @Override
        public void cancel() {
            asked.cancel();
        }

        @Override
        public boolean isCancelled() {
            return asked.isCancelled();
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
