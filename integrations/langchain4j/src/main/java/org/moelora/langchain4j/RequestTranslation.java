package org.moelora.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.Json;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.moelora.model.Request;
import org.moelora.text.Tool;
import org.moelora.text.ToolCall;

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
        request.tools(tools(parameters));
        addFormat(parameters.responseFormat(), request);
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

    /**
     * @throws UnsupportedFeatureException if the parameters ask for what models here cannot do
     */
    static void refuseUnsupported(ChatRequestParameters parameters) {
        if (parameters.toolChoice() == ToolChoice.REQUIRED) {
            throw unsupported("ToolChoice.REQUIRED is", "a choice that leaves it to the model");
        }
        if (!tools(parameters).isEmpty() && isJson(parameters.responseFormat())) {
            throw unsupported("the JSON response format beside tools is", "one of them");
        }
    }

    /** Tools that may be called. */
    private static List<Tool> tools(ChatRequestParameters parameters) {
        List<ToolSpecification> given = parameters.toolSpecifications();
        if (given == null || parameters.toolChoice() == ToolChoice.NONE) {
            return List.of();
        }
        return given.stream()
                .map(tool -> new Tool(tool.name(), tool.description(), schema(tool.parameters())))
                .toList();
    }

    private static boolean isJson(@Nullable ResponseFormat format) {
        return format != null && format.type() == ResponseFormatType.JSON;
    }

    private static void addFormat(@Nullable ResponseFormat format, Request.Builder request) {
        if (format == null || !isJson(format)) {
            return;
        }
        if (format.jsonSchema() == null) {
            request.json();
        } else {
            request.jsonSchema(schema(format.jsonSchema().rootElement()));
        }
    }

    /** As JSON. */
    private static String schema(@Nullable JsonSchemaElement element) {
        if (element instanceof JsonRawSchema raw) {
            return raw.schema();
        }
        JsonSchemaElement given = element == null ? JsonObjectSchema.builder().build() : element;
        return Json.toJson(JsonSchemaElementUtils.toMap(given));
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
                    yield org.moelora.text.ChatMessage.assistant(
                            answer.text(),
                            answer.toolExecutionRequests().stream()
                                    .map(RequestTranslation::call)
                                    .toList());
                }
                yield org.moelora.text.ChatMessage.assistant(answer.text() == null ? "" : answer.text());
            }
            case ToolExecutionResultMessage result -> {
                if (!result.hasSingleText()) {
                    throw unsupported("a tool's result that is not one text is", "results of text");
                }
                yield org.moelora.text.ChatMessage.tool(
                        new ToolCall(String.valueOf(result.id()), result.toolName(), "{}"), result.text());
            }
            default -> throw unsupported("a message of the type " + message.type() + " is", "messages of text");
        };
    }

    private static ToolCall call(ToolExecutionRequest request) {
        String arguments = request.arguments();
        return new ToolCall(
                String.valueOf(request.id()),
                request.name(),
                arguments == null || arguments.isBlank() ? "{}" : arguments);
    }

    /** Its texts, one in a line. */
    private static String text(UserMessage user) {
        List<String> texts = new ArrayList<>();
        for (Content content : user.contents()) {
            if (!(content instanceof TextContent text)) {
                throw unsupported(
                        "content of the type " + content.type().name().toLowerCase(Locale.ROOT) + " is",
                        "messages of text");
            }
            texts.add(text.text());
        }
        return String.join("\n", texts);
    }

    private static UnsupportedFeatureException unsupported(String what, String expected) {
        return new UnsupportedFeatureException(what + " not supported; expected " + expected);
    }
}
