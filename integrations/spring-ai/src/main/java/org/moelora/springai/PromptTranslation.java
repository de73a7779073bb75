package org.moelora.springai;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.moelora.model.Request;
import org.moelora.text.ChatMessage;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.MediaContent;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolCallingChatOptions;

/** A prompt of Spring AI as a request of the engine. What has no counterpart is refused by name. */
final class PromptTranslation {
    private PromptTranslation() {}

    /**
     * The prompt's options over a model's own.
     *
     * @throws UnsupportedOperationException if they ask for what models here cannot do
     */
    static MoeloraChatOptions options(Prompt prompt, MoeloraChatOptions defaults) {
        ChatOptions options = prompt.getOptions();
        if (options == null) {
            return defaults;
        }
        if (options instanceof ToolCallingChatOptions tools
                && tools.getToolCallbacks() != null
                && !tools.getToolCallbacks().isEmpty()) {
            throw unsupported("tools are");
        }
        return defaults.mutate().combineWith(options).build();
    }

    /**
     * @throws UnsupportedOperationException if a message has what models here cannot read
     * @throws org.moelora.engine.UnsupportedFeature naming a keyword of an output schema that is not supported
     */
    static Request.Builder request(Prompt prompt, MoeloraChatOptions options) {
        Request.Builder request = Request.ofMessages(messages(prompt.getInstructions()));
        given(options.getMaxTokens(), request::maxTokens);
        given(options.getTemperature(), request::temperature);
        given(options.getTopP(), request::topP);
        given(options.getTopK(), request::topK);
        given(options.getFrequencyPenalty(), request::frequencyPenalty);
        given(options.getPresencePenalty(), request::presencePenalty);
        given(options.getStopSequences(), request::stop);
        given(options.getMinP(), request::minP);
        given(options.getRepetitionPenalty(), request::repetitionPenalty);
        given(options.getLogitBias(), request::logitBias);
        given(options.getSeed(), request::seed);
        given(options.getDeadline(), request::deadline);
        given(options.getTask(), request::task);
        if (prompt.getOptions() instanceof StructuredOutputChatOptions structured) {
            given(structured.getOutputSchema(), request::jsonSchema);
        }
        return request;
    }

    private static <T> void given(@Nullable T value, Consumer<T> setter) {
        if (value != null) {
            setter.accept(value);
        }
    }

    private static List<ChatMessage> messages(List<Message> messages) {
        List<ChatMessage> all = new ArrayList<>();
        for (Message message : messages) {
            if (message instanceof MediaContent content && !content.getMedia().isEmpty()) {
                throw unsupported("media of the type "
                        + content.getMedia().iterator().next().getMimeType() + " are");
            }
            all.add(
                    switch (message) {
                        case SystemMessage system -> new ChatMessage("system", text(system));
                        case UserMessage user -> new ChatMessage("user", text(user));
                        case AssistantMessage answer -> {
                            if (answer.hasToolCalls()) {
                                throw unsupported("an assistant's message that calls tools is");
                            }
                            yield new ChatMessage("assistant", text(answer));
                        }
                        default -> throw unsupported("a message of the type " + message.getMessageType() + " is");
                    });
        }
        return all;
    }

    private static String text(Message message) {
        String text = message.getText();
        return text == null ? "" : text;
    }

    private static UnsupportedOperationException unsupported(String what) {
        return new UnsupportedOperationException(
                what + " not supported; expected messages of text, and options of sampling");
    }
}
