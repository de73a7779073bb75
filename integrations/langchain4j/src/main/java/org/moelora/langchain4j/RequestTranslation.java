package org.moelora.langchain4j;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.moelora.model.Request;

/** A request of LangChain4j as one of the engine. What has no counterpart is refused by name. */
final class RequestTranslation {
    private RequestTranslation() {}

    /**
     * @throws UnsupportedFeatureException if it asks for what models here cannot do
     */
    static Request.Builder request(ChatRequest chat) {
        ChatRequestParameters parameters = chat.parameters();
        refuseUnsupported(parameters);
        Request.Builder request = Request.ofMessages(messages(chat.messages()));
        given(parameters.maxOutputTokens(), request::maxTokens);
        given(parameters.temperature(), request::temperature);
        given(parameters.topP(), request::topP);
        given(parameters.topK(), request::topK);
        given(parameters.frequencyPenalty(), request::frequencyPenalty);
        given(parameters.presencePenalty(), request::presencePenalty);
        given(parameters.stopSequences(), request::stop);
        if (parameters instanceof MoeloraChatRequestParameters own) {
            given(own.minP(), request::minP);
            given(own.repetitionPenalty(), request::repetitionPenalty);
            given(own.logitBias(), request::logitBias);
            given(own.seed(), request::seed);
            given(own.deadline(), request::deadline);
            given(own.task(), request::task);
            given(own.logProbabilities(), request::logProbabilities);
        }
        return request;
    }

    private static <T> void given(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }

    static void refuseUnsupported(ChatRequestParameters parameters) {
        ToolChoice choice = parameters.toolChoice();
        if (choice == ToolChoice.REQUIRED) {
            throw unsupported("ToolChoice.REQUIRED is");
        }
        List<ToolSpecification> tools = parameters.toolSpecifications();
        if (tools != null && !tools.isEmpty() && choice != ToolChoice.NONE) {
            throw unsupported("tools are");
        }
        ResponseFormat format = parameters.responseFormat();
        if (format != null && format.type() == ResponseFormatType.JSON) {
            throw unsupported("the JSON response format is");
        }
    }

    static List<org.moelora.text.ChatMessage> messages(List<ChatMessage> messages) {
        List<org.moelora.text.ChatMessage> all = new ArrayList<>();
        messages.forEach(message -> all.add(message(message)));
        return all;
    }

    private static org.moelora.text.ChatMessage message(ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> new org.moelora.text.ChatMessage("system", system.text());
            case UserMessage user -> {
                Map<String, Object> name = user.name() == null ? Map.of() : Map.of("name", user.name());
                yield new org.moelora.text.ChatMessage("user", text(user), name);
            }
            case AiMessage answer -> {
                if (answer.hasToolExecutionRequests()) {
                    throw unsupported("an assistant's message that calls tools is");
                }
                yield new org.moelora.text.ChatMessage("assistant", answer.text() == null ? "" : answer.text());
            }
            default -> throw unsupported("a message of the type " + message.type() + " is");
        };
    }

    /** Its texts, one in a line. */
    private static String text(UserMessage user) {
        List<String> texts = new ArrayList<>();
        for (Content content : user.contents()) {
            if (!(content instanceof TextContent text)) {
                throw unsupported("content of the type " + content.type().name().toLowerCase(Locale.ROOT) + " is");
            }
            texts.add(text.text());
        }
        return String.join("\n", texts);
    }

    private static UnsupportedFeatureException unsupported(String what) {
        return new UnsupportedFeatureException(
                what + " not supported; expected messages of text, and parameters of sampling");
    }
}
