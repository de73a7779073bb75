package org.moelora.langchain4j;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import java.util.List;
import org.moelora.model.LanguageModel;
import org.moelora.model.Request;

/**
 * What both forms of a chat model share.
 *
 * @param defaults what holds where a request does not say otherwise
 */
record ChatCalls(Views views, MoeloraChatRequestParameters defaults, List<ChatModelListener> listeners) {
    /**
     * A request as the engine takes it.
     *
     * @param name of the view
     */
    record Call(String name, LanguageModel view, Request.Builder request) {}

    Call of(ChatRequest chat) {
        String name = views.name(chat.parameters().modelName());
        LanguageModel view = views.get(name);
        try {
            return new Call(name, view, RequestTranslation.request(chat));
        } catch (RuntimeException e) {
            throw ResponseTranslation.translated(e);
        }
    }
}
