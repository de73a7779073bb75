package org.moelora.springai;

import io.micrometer.observation.ObservationRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.moelora.engine.InputException;
import org.moelora.model.LanguageModel;
import org.moelora.model.Pooling;
import org.moelora.model.TextEmbedding;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.Embedding;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.EmbeddingResponseMetadata;
import org.springframework.ai.embedding.observation.DefaultEmbeddingModelObservationConvention;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationContext;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationConvention;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationDocumentation;

/**
 * An {@link EmbeddingModel} of a view's last hidden states, pooled and normalised: {@link LanguageModel#embed(List, Pooling)}.
 *
 * <p>Safe for use by several threads, each of which computes what it asks for. Decoder and adapter stay the caller's.
 */
public final class MoeloraEmbeddingModel implements EmbeddingModel {
    private static final EmbeddingModelObservationConvention CONVENTION =
            new DefaultEmbeddingModelObservationConvention();

    private final String name;
    private final LanguageModel view;
    private final Pooling pooling;
    private final ObservationRegistry observations;

    private MoeloraEmbeddingModel(String name, LanguageModel view, Pooling pooling, ObservationRegistry observations) {
        this.name = name;
        this.view = view;
        this.pooling = pooling;
        this.observations = observations;
    }

    /** For a view, with an adapter or without, that nothing observes. */
    public static MoeloraEmbeddingModel of(String name, LanguageModel view, Pooling pooling) {
        return new MoeloraEmbeddingModel(name, view, pooling, ObservationRegistry.NOOP);
    }

    /** This, observed. */
    public MoeloraEmbeddingModel withObservationRegistry(ObservationRegistry registry) {
        return new MoeloraEmbeddingModel(name, view, pooling, registry);
    }

    /**
     * @throws InputException if options ask for another model, or for another number of dimensions than vectors have here, or a text is too long
     */
    @Override
    public EmbeddingResponse call(EmbeddingRequest request) {
        EmbeddingOptions options = request.getOptions();
        if (options != null && options.getModel() != null && !options.getModel().equals(name)) {
            throw new InputException("there is no model \"" + options.getModel() + "\"; expected " + name);
        }
        if (options != null && options.getDimensions() != null && options.getDimensions() != dimensions()) {
            throw new InputException(
                    "vectors of " + options.getDimensions() + " dimensions are asked for, and those of " + name
                            + " have " + dimensions() + "; expected as many, or no dimensions");
        }
        EmbeddingModelObservationContext context = EmbeddingModelObservationContext.builder()
                .embeddingRequest(new EmbeddingRequest(
                        request.getInstructions(),
                        EmbeddingOptions.builder()
                                .model(name)
                                .dimensions(dimensions())
                                .build()))
                .provider(MoeloraChatModel.PROVIDER)
                .build();
        EmbeddingResponse response = EmbeddingModelObservationDocumentation.EMBEDDING_MODEL_OPERATION
                .observation(null, CONVENTION, () -> context, observations)
                .observe(() -> {
                    EmbeddingResponse answer = embedded(request.getInstructions());
                    context.setResponse(answer);
                    return answer;
                });
        return Objects.requireNonNull(response);
    }

    private EmbeddingResponse embedded(List<String> texts) {
        List<Embedding> all = new ArrayList<>();
        int tokens = 0;
        for (TextEmbedding each : view.embed(texts, pooling)) {
            all.add(new Embedding(each.toArray(), all.size()));
            tokens += each.tokens();
        }
        return new EmbeddingResponse(all, new EmbeddingResponseMetadata(name, new DefaultUsage(tokens, 0)));
    }

    /**
     * @throws InputException if the document has no text
     */
    @Override
    public float[] embed(Document document) {
        String text = getEmbeddingContent(document);
        if (text == null) {
            throw new InputException("document " + document.getId() + " has no text; expected one that is not media");
        }
        return embed(text);
    }

    @Override
    public int dimensions() {
        return view.decoder().config().hiddenSize();
    }
}
