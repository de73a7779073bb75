package org.moelora.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.InOrder;

/** The suite that every streaming chat model of LangChain4j has to pass. */
@ExtendWith(SharedModel.class)
class StreamingChatModelSuiteTest extends AbstractStreamingChatModelIT {
    @Override
    protected List<StreamingChatModel> models() {
        return List.of(createModelWith(MoeloraChatRequestParameters.NONE));
    }

    @Override
    protected StreamingChatModel createModelWith(ChatRequestParameters parameters) {
        return Chats.streaming(parameters);
    }

    @Override
    public StreamingChatModel createModelWith(ChatModelListener listener) {
        return Chats.streaming(MoeloraChatRequestParameters.NONE, listener);
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
    protected Class<? extends ChatResponseMetadata> chatResponseMetadataType(StreamingChatModel model) {
        return MoeloraChatResponseMetadata.class;
    }

    @Override
    protected String catImageUrl() {
        return NoImage.url();
    }

    /** Its test waits half a minute for what must not come; {@code StreamingTest} sees the same in no time. {@code -Dmoelora.suites=all} runs it. */
    @Override
    protected boolean supportsStreamingCancellation() {
        return "all".equals(System.getProperty("moelora.suites"));
    }

    @Override
    protected boolean supportsPartialToolStreaming(StreamingChatModel model) {
        return false;
    }

    @Override
    protected void verifyToolCallbacks(StreamingChatResponseHandler handler, InOrder order, String id) {
        order.verify(handler).onCompleteToolCall(complete(0, id, "getWeather", "{\"city\":\"Munich\"}"));
    }

    @Override
    protected void verifyToolCallbacks(
            StreamingChatResponseHandler handler, InOrder order, String first, String second) {
        order.verify(handler).onCompleteToolCall(complete(0, first, "getWeather", "{\"city\":\"Munich\"}"));
        order.verify(handler).onCompleteToolCall(complete(1, second, "getTime", "{\"country\":\"France\"}"));
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
