package org.moelora.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;

/** The suite that every chat model of LangChain4j has to pass. */
@ExtendWith(SharedModel.class)
class ChatModelSuiteTest extends AbstractChatModelIT {
    @Override
    protected List<ChatModel> models() {
        return List.of(createModelWith(MoeloraChatRequestParameters.NONE));
    }

    @Override
    protected ChatModel createModelWith(ChatRequestParameters parameters) {
        return Chats.chat(parameters);
    }

    @Override
    protected String customModelName() {
        return Chats.OTHER;
    }

    @Override
    protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
        return MoeloraChatRequestParameters.builder()
                .maxOutputTokens(maxOutputTokens)
                .build();
    }

    @Override
    protected Class<? extends ChatResponseMetadata> chatResponseMetadataType(ChatModel model) {
        return MoeloraChatResponseMetadata.class;
    }

    @Override
    protected String catImageUrl() {
        return NoImage.url();
    }

    @Override
    protected boolean supportsToolChoiceRequired() {
        return false;
    }

    /** The one would forbid the other. */
    @Override
    protected boolean supportsToolsAndJsonResponseFormatWithSchema() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsBase64EncodedString() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsPublicURL() {
        return false;
    }
}
