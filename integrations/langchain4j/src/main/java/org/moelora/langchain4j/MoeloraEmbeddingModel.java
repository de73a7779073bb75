package org.moelora.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingParameter;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.embedding.response.EmbeddingResponseMetadata;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.moelora.model.LanguageModel;
import org.moelora.model.Pooling;
import org.moelora.model.TextEmbedding;

/**
 * An {@link EmbeddingModel} of a view's last hidden states, pooled and normalised: {@link LanguageModel#embed(List, Pooling)}. A request whose text is too long is an
 * {@link dev.langchain4j.exception.InvalidRequestException}.
 *
 * <p>Safe for use by several threads, each of which computes what it asks for. Decoder and adapter stay the caller's.
 */
public final class MoeloraEmbeddingModel implements EmbeddingModel {
    private final LanguageModel view;
    private final String name;
    private final Pooling pooling;
    private final @Nullable String queryPrefix;
    private final @Nullable String documentPrefix;
    private final List<EmbeddingModelListener> listeners;

    private MoeloraEmbeddingModel(Builder builder) {
        view = builder.view;
        name = builder.name;
        pooling = builder.pooling;
        queryPrefix = builder.queryPrefix;
        documentPrefix = builder.documentPrefix;
        listeners = builder.listeners;
    }

    /** For a view, with an adapter or without. */
    public static Builder builder(String name, LanguageModel view) {
        return new Builder(name, view);
    }

    /** What a model is made of. Used by one thread. */
    public static final class Builder {
        private final String name;
        private final LanguageModel view;
        private Pooling pooling = Pooling.MEAN;
        private @Nullable String queryPrefix;
        private @Nullable String documentPrefix;
        private List<EmbeddingModelListener> listeners = List.of();

        private Builder(String name, LanguageModel view) {
            this.name = name;
            this.view = view;
        }

        /** {@link Pooling#MEAN} unless said otherwise. */
        public Builder pooling(Pooling value) {
            pooling = value;
            return this;
        }

        /**
         * What stands before a text, by its {@link EmbeddingInputType}, for models that are trained with such prefixes. Without them a request that gives an input type is refused.
         *
         * @param ofQueries before texts of the type {@code QUERY}
         * @param ofDocuments before texts of the type {@code DOCUMENT}
         */
        public Builder prefixes(String ofQueries, String ofDocuments) {
            queryPrefix = ofQueries;
            documentPrefix = ofDocuments;
            return this;
        }

        /** Who hears of requests, responses and errors. */
        public Builder listeners(List<EmbeddingModelListener> all) {
            listeners = List.copyOf(all);
            return this;
        }

        /** The model. */
        public MoeloraEmbeddingModel build() {
            return new MoeloraEmbeddingModel(this);
        }
    }

    @Override
    public EmbeddingResponse doEmbed(EmbeddingRequest request) {
        String prefix = prefix(request.inputType());
        List<TextEmbedding> embeddings;
        try {
            embeddings = view.embed(
                    request.inputs().stream()
                            .map(input -> prefix + input.text())
                            .toList(),
                    pooling);
        } catch (RuntimeException e) {
            throw ResponseTranslation.translated(e);
        }
        int tokens = embeddings.stream().mapToInt(TextEmbedding::tokens).sum();
        return EmbeddingResponse.builder()
                .embeddings(embeddings.stream()
                        .map(each -> Embedding.from(each.toArray()))
                        .toList())
                .metadata(EmbeddingResponseMetadata.builder()
                        .modelName(name)
                        .tokenUsage(new TokenUsage(tokens))
                        .build())
                .build();
    }

    private String prefix(@Nullable EmbeddingInputType type) {
        if (type == null) {
            return "";
        }
        String prefix = type == EmbeddingInputType.QUERY ? queryPrefix : documentPrefix;
        if (prefix == null) {
            throw new UnsupportedFeatureException(
                    "the input type " + type + " is not supported; expected a model with prefixes, or no input type");
        }
        return prefix;
    }

    @Override
    public Set<EmbeddingParameter<?>> supportedParameters() {
        return queryPrefix == null ? Set.of() : Set.of(EmbeddingRequestParameters.INPUT_TYPE);
    }

    @Override
    public int dimension() {
        return view.decoder().config().hiddenSize();
    }

    @Override
    public String modelName() {
        return name;
    }

    @Override
    public List<EmbeddingModelListener> listeners() {
        return listeners;
    }
}
