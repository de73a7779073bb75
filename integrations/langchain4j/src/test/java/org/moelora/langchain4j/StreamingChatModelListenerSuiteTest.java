package org.moelora.langchain4j;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a listener of a streaming chat model has to hear. */
@ExtendWith(SharedModel.class)
class StreamingChatModelListenerSuiteTest extends AbstractStreamingChatModelListenerIT {
    private MoeloraChatRequestParameters.Builder parameters() {
        return MoeloraChatRequestParameters.builder()
                .modelName(modelName())
                .temperature(temperature())
                .topP(topP())
                .maxOutputTokens(maxTokens());
    }

    @Override
    protected StreamingChatModel createModel(ChatModelListener listener) {
        return Chats.streaming(parameters().build(), listener);
    }

    @Override
    protected String modelName() {
        return Chats.NAME;
    }

    @Override
    protected StreamingChatModel createFailingModel(ChatModelListener listener) {
        return Chats.streaming(parameters().maxOutputTokens(-1).build(), listener);
    }

    @Override
    protected Class<? extends Exception> expectedExceptionClass() {
        return InvalidRequestException.class;
    }
}
