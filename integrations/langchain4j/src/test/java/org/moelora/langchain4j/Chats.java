package org.moelora.langchain4j;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;

/** The models of the suites. */
final class Chats {
    static final String NAME = "conversations";

    /** A view of the same numbers as the first. */
    static final String OTHER = "other";

    private Chats() {}

    static MoeloraChatModel chat(ChatRequestParameters parameters, ChatModelListener... listeners) {
        return MoeloraChatModel.builder(SharedModel.engine())
                .view(NAME, SharedModel.base().plain())
                .view(OTHER, SharedModel.base().plain())
                .defaultRequestParameters(parameters)
                .listeners(List.of(listeners))
                .build();
    }

    static MoeloraStreamingChatModel streaming(ChatRequestParameters parameters, ChatModelListener... listeners) {
        return MoeloraStreamingChatModel.builder(SharedModel.engine())
                .view(NAME, SharedModel.base().plain())
                .view(OTHER, SharedModel.base().plain())
                .defaultRequestParameters(parameters)
                .listeners(List.of(listeners))
                .build();
    }
}
