package org.moelora.langchain4j;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moelora.model.GenerationEngine;
import org.moelora.model.LanguageModel;

/**
 * What {@link MoeloraChatModel} and {@link MoeloraStreamingChatModel} are made of. Used by one thread.
 *
 * @param <B> the builder itself
 */
public abstract sealed class ChatModelBuilder<B extends ChatModelBuilder<B>>
        permits MoeloraChatModel.Builder, MoeloraStreamingChatModel.Builder {
    private final GenerationEngine engine;
    private final Map<String, LanguageModel> views = new LinkedHashMap<>();
    private MoeloraChatRequestParameters parameters = MoeloraChatRequestParameters.NONE;
    private List<ChatModelListener> listeners = List.of();

    ChatModelBuilder(GenerationEngine engine) {
        this.engine = engine;
    }

    /** This, as what it is. */
    abstract B self();

    /**
     * A view of the engine's decoder, with an adapter or without, that answers requests of this {@code modelName}. The first one also answers those that name none.
     *
     * @throws IllegalArgumentException if the name is blank or taken, or the view is of another decoder than a view before it
     */
    public B view(String name, LanguageModel view) {
        if (name.isBlank()) {
            throw new IllegalArgumentException(
                    "the name of a view is blank; expected the name that requests will ask for");
        }
        for (LanguageModel other : views.values()) {
            if (other.decoder() != view.decoder()) {
                throw new IllegalArgumentException(
                        "the view \"" + name + "\" is of another decoder; expected views of one, the engine's");
            }
        }
        if (views.putIfAbsent(name, view) != null) {
            throw new IllegalArgumentException("there are two views \"" + name + "\"; expected names that differ");
        }
        return self();
    }

    /** What holds where a request does not say otherwise. */
    public B defaultRequestParameters(ChatRequestParameters values) {
        parameters = MoeloraChatRequestParameters.NONE.overrideWith(values);
        return self();
    }

    /** Who hears of requests, responses and errors. */
    public B listeners(List<ChatModelListener> all) {
        listeners = List.copyOf(all);
        return self();
    }

    /**
     * @throws IllegalStateException if there is no view
     * @throws dev.langchain4j.exception.ModelNotFoundException if the default parameters name a view that there is not
     * @throws dev.langchain4j.exception.UnsupportedFeatureException if they ask for what is not supported
     */
    ChatCalls calls() {
        if (views.isEmpty()) {
            throw new IllegalStateException("there is no view to answer with; expected view(name, view) at least once");
        }
        String first = views.keySet().iterator().next();
        String named = parameters.modelName();
        Views all = new Views(
                engine, Collections.unmodifiableMap(new LinkedHashMap<>(views)), named == null ? first : named);
        all.get(all.first());
        RequestTranslation.refuseUnsupported(parameters);
        MoeloraChatRequestParameters defaults = parameters.overrideWith(
                MoeloraChatRequestParameters.builder().modelName(all.first()).build());
        return new ChatCalls(all, defaults, listeners);
    }
}
