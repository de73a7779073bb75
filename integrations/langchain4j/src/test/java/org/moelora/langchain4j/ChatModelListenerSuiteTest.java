package org.moelora.langchain4j;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelListenerIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a listener of a chat model has to hear. */
@ExtendWith(SharedModel.class)
class ChatModelListenerSuiteTest extends AbstractChatModelListenerIT {
    private MoeloraChatRequestParameters.Builder parameters() {
        return MoeloraChatRequestParameters.builder()
                .modelName(modelName())
                .temperature(temperature())
                .topP(topP())
                .maxOutputTokens(maxTokens());
    }

    @Override
    protected ChatModel createModel(ChatModelListener listener) {
        return Chats.chat(parameters().build(), listener);
    }

    @Override
    protected String modelName() {
        return Chats.NAME;
    }

    @Override
    protected ChatModel createFailingModel(ChatModelListener listener) {
        return Chats.chat(parameters().maxOutputTokens(-1).build(), listener);
    }

    @Override
    protected Class<? extends Exception> expectedExceptionClass() {
        return InvalidRequestException.class;
    }
}
