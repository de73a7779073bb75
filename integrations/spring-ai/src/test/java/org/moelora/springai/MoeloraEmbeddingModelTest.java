package org.moelora.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.moelora.engine.InputException;
import org.moelora.model.Decoder;
import org.moelora.model.Pooling;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;

/** Vectors in the terms of Spring AI against the view's own. */
class MoeloraEmbeddingModelTest {
    private static Decoder base;

    @BeforeAll
    static void open() {
        base = Decoder.load(Path.of("../../test-models/conversations"));
    }

    @AfterAll
    static void close() {
        base.close();
    }

    @Test
    void vectorsAreTheViews() {
        MoeloraEmbeddingModel model = MoeloraEmbeddingModel.of("tiny", base.plain(), Pooling.LAST);
        EmbeddingResponse response = model.embedForResponse(List.of("hello", "What is my name?"));
        var expected = base.plain().embed(List.of("hello", "What is my name?"), Pooling.LAST);
        for (int i = 0; i < 2; i++) {
            assertThat(response.getResults().get(i).getOutput())
                    .isEqualTo(expected.get(i).toArray());
            assertThat(response.getResults().get(i).getIndex()).isEqualTo(i);
        }
        assertThat(response.getMetadata().getModel()).isEqualTo("tiny");
        assertThat(response.getMetadata().getUsage().getPromptTokens())
                .isEqualTo(expected.get(0).tokens() + expected.get(1).tokens());
        assertThat(model.dimensions()).isEqualTo(64).isEqualTo(model.embed("hello").length);
        assertThat(model.embed(new Document("hello"))).isEqualTo(model.embed("hello"));
    }

    @Test
    void whatOptionsCannotHaveIsRefused() {
        MoeloraEmbeddingModel model = MoeloraEmbeddingModel.of("tiny", base.plain(), Pooling.MEAN);
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> model.call(new EmbeddingRequest(
                        List.of("hello"),
                        EmbeddingOptions.builder().dimensions(8).build())))
                .withMessageStartingWith("vectors of 8 dimensions are asked for, and those of tiny have 64");
        assertThatExceptionOfType(InputException.class)
                .isThrownBy(() -> model.call(new EmbeddingRequest(
                        List.of("hello"),
                        EmbeddingOptions.builder().model("big").build())))
                .withMessage("there is no model \"big\"; expected tiny");
    }
}
