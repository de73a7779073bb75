package org.moelora.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import java.util.UUID;
import org.moelora.engine.InputException;
import org.moelora.engine.UnsupportedFeature;
import org.moelora.kernels.OutOfDeviceMemoryException;
import org.moelora.model.Completion;
import org.moelora.model.EngineBusyException;

/** What the engine wrote, or why it did not, in the terms of LangChain4j. */
final class ResponseTranslation {
    private ResponseTranslation() {}

    /**
     * @param model the name of the view that answered
     */
    static ChatResponse response(String model, Completion completion) {
        return ChatResponse.builder()
                .aiMessage(message(completion))
                .metadata(MoeloraChatResponseMetadata.builder()
                        .completion(completion)
                        .id("moelora-" + UUID.randomUUID())
                        .modelName(model)
                        .tokenUsage(new TokenUsage(
                                completion.usage().promptTokens(),
                                completion.usage().completionTokens()))
                        .finishReason(reason(completion))
                        .build())
                .build();
    }

    /** Without a text where there are only calls. */
    private static AiMessage message(Completion completion) {
        List<ToolExecutionRequest> calls = calls(completion);
        boolean onlyCalls = !calls.isEmpty() && completion.text().isBlank();
        return AiMessage.builder()
                .text(onlyCalls ? null : completion.text())
                .toolExecutionRequests(calls)
                .build();
    }

    static List<ToolExecutionRequest> calls(Completion completion) {
        return completion.toolCalls().stream()
                .map(call -> ToolExecutionRequest.builder()
                        .id(call.id())
                        .name(call.name())
                        .arguments(call.arguments())
                        .build())
                .toList();
    }

    private static FinishReason reason(Completion completion) {
        if (!completion.toolCalls().isEmpty()) {
            return FinishReason.TOOL_EXECUTION;
        }
        return switch (completion.finish()) {
            case STOP, STOP_SEQUENCE -> FinishReason.STOP;
            case LENGTH -> FinishReason.LENGTH;
            case CANCELLED, DEADLINE -> FinishReason.OTHER;
        };
    }

    /** The exception that LangChain4j has for it: one that says whether trying again may help. */
    static RuntimeException translated(RuntimeException failure) {
        return switch (failure) {
            case UnsupportedFeature e -> {
                UnsupportedFeatureException unsupported = new UnsupportedFeatureException(e.getMessage());
                unsupported.initCause(e);
                yield unsupported;
            }
            case InputException e -> new InvalidRequestException(e.getMessage(), e);
            case EngineBusyException e -> new RateLimitException(e.getMessage(), e);
            case OutOfDeviceMemoryException e -> new InternalServerException(e.getMessage(), e);
            default -> failure;
        };
    }
}
