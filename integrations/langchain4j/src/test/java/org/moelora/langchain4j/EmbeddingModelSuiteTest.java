package org.moelora.langchain4j;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.moelora.model.Decoder;
import org.moelora.model.Pooling;

/** The suite that every embedding model of LangChain4j has to pass. */
@ExtendWith(SharedModel.class)
class EmbeddingModelSuiteTest extends AbstractEmbeddingModelIT {
    private static MoeloraEmbeddingModel.Builder builder() {
        return MoeloraEmbeddingModel.builder("tiny", SharedModel.base().plain()).prefixes("query: ", "passage: ");
    }

    @Override
    protected List<EmbeddingModel> models() {
        return List.of(builder().build(), builder().pooling(Pooling.LAST).build());
    }

    @Override
    protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
        return builder().listeners(List.of(listener)).build();
    }

    /** One of a decoder that is closed. */
    @Override
    protected EmbeddingModel failingModelWith(EmbeddingModelListener listener) {
        Decoder closed = Decoder.load(SharedModel.FOLDER);
        closed.close();
        return MoeloraEmbeddingModel.builder("closed", closed.plain())
                .listeners(List.of(listener))
                .build();
    }

    @Override
    protected boolean supportsDimensionsParameter() {
        return false;
    }

    @Override
    protected boolean supportsImageInput() {
        return false;
    }
}
