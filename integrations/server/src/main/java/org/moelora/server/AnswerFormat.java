package org.moelora.server;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.model.Completion;
import org.moelora.text.ToolCall;

/** How texts are written as an answer: of a chat, or of a completion. */
abstract sealed class AnswerFormat {
    final @Nullable TokenTexts logProbabilities;

    /**
     * @param logProbabilities null if they were not asked for
     */
    AnswerFormat(@Nullable TokenTexts logProbabilities) {
        this.logProbabilities = logProbabilities;
    }

    /** What begins an answer's id. */
    abstract String prefix();

    /** What an answer, or a part of a stream, is called. */
    abstract String object(boolean part);

    /** A whole text. */
    abstract Map<String, @Nullable Object> whole(int index, Completion completion);

    /** What opens a text of a stream; null for nothing. */
    abstract @Nullable Map<String, @Nullable Object> opening(int index);

    /** A piece of a text. */
    abstract Map<String, @Nullable Object> piece(int index, String piece);

    /** The end of a text whose pieces have been written, in one part or more. */
    abstract List<Map<String, @Nullable Object>> end(int index, Completion completion);

    private static String finish(Completion completion) {
        if (!completion.toolCalls().isEmpty()) {
            return "tool_calls";
        }
        return switch (completion.finish()) {
            case STOP, STOP_SEQUENCE -> "stop";
            case LENGTH, DEADLINE, CANCELLED -> "length";
        };
    }

    private static Map<String, @Nullable Object> choice(
            int index,
            String name,
            @Nullable Object value,
            @Nullable Object logProbabilities,
            @Nullable String finish) {
        Map<String, @Nullable Object> choice = new LinkedHashMap<>();
        choice.put("index", index);
        choice.put(name, value);
        choice.put("logprobs", logProbabilities);
        choice.put("finish_reason", finish);
        return choice;
    }

    static final class Chat extends AnswerFormat {
        Chat(@Nullable TokenTexts logProbabilities) {
            super(logProbabilities);
        }

        @Override
        String prefix() {
            return "chatcmpl-";
        }

        @Override
        String object(boolean part) {
            return part ? "chat.completion.chunk" : "chat.completion";
        }

        @Override
        Map<String, @Nullable Object> whole(int index, Completion completion) {
            Map<String, @Nullable Object> message = new LinkedHashMap<>();
            message.put("role", "assistant");
            boolean calls = !completion.toolCalls().isEmpty();
            message.put("content", calls && completion.text().isEmpty() ? null : completion.text());
            message.put("refusal", null);
            if (calls) {
                message.put("tool_calls", calls(completion, false));
            }
            return choice(index, "message", message, logProbabilities(completion), finish(completion));
        }

        @Override
        Map<String, @Nullable Object> opening(int index) {
            Map<String, @Nullable Object> delta = new LinkedHashMap<>();
            delta.put("role", "assistant");
            delta.put("content", "");
            return choice(index, "delta", delta, null, null);
        }

        @Override
        Map<String, @Nullable Object> piece(int index, String piece) {
            return choice(index, "delta", Map.of("content", piece), null, null);
        }

        @Override
        List<Map<String, @Nullable Object>> end(int index, Completion completion) {
            Map<String, @Nullable Object> end =
                    choice(index, "delta", Map.of(), logProbabilities(completion), finish(completion));
            return completion.toolCalls().isEmpty()
                    ? List.of(end)
                    : List.of(choice(index, "delta", Map.of("tool_calls", calls(completion, true)), null, null), end);
        }

        private static List<Map<String, @Nullable Object>> calls(Completion completion, boolean numbered) {
            List<Map<String, @Nullable Object>> calls = new ArrayList<>();
            for (ToolCall call : completion.toolCalls()) {
                Map<String, @Nullable Object> one = new LinkedHashMap<>();
                if (numbered) {
                    one.put("index", calls.size());
                }
                one.put("id", call.id());
                one.put("type", "function");
                one.put("function", Map.of("name", call.name(), "arguments", call.arguments()));
                calls.add(one);
            }
            return calls;
        }

        private @Nullable Map<String, @Nullable Object> logProbabilities(Completion completion) {
            return logProbabilities == null ? null : logProbabilities.ofChat(completion);
        }
    }

    static final class Text extends AnswerFormat {
        Text(@Nullable TokenTexts logProbabilities) {
            super(logProbabilities);
        }

        @Override
        String prefix() {
            return "cmpl-";
        }

        @Override
        String object(boolean part) {
            return "text_completion";
        }

        @Override
        Map<String, @Nullable Object> whole(int index, Completion completion) {
            return choice(index, "text", completion.text(), logProbabilities(completion), finish(completion));
        }

        @Override
        @Nullable Map<String, @Nullable Object> opening(int index) {
            return null;
        }

        @Override
        Map<String, @Nullable Object> piece(int index, String piece) {
            return choice(index, "text", piece, null, null);
        }

        @Override
        List<Map<String, @Nullable Object>> end(int index, Completion completion) {
            return List.of(choice(index, "text", "", logProbabilities(completion), finish(completion)));
        }

        private @Nullable Map<String, @Nullable Object> logProbabilities(Completion completion) {
            return logProbabilities == null ? null : logProbabilities.ofText(completion);
        }
    }

    /** The usage of all texts after some prompts, each of which was read once. */
    static Map<String, @Nullable Object> usage(List<List<Completion>> ofPrompts) {
        int prompt = 0;
        int cached = 0;
        int written = 0;
        for (List<Completion> texts : ofPrompts) {
            prompt += texts.getFirst().usage().promptTokens();
            cached += texts.getFirst().usage().cachedTokens();
            written += texts.stream()
                    .mapToInt(text -> text.usage().completionTokens())
                    .sum();
        }
        Map<String, @Nullable Object> usage = new LinkedHashMap<>();
        usage.put("prompt_tokens", prompt);
        usage.put("completion_tokens", written);
        usage.put("total_tokens", prompt + written);
        usage.put("prompt_tokens_details", Map.of("cached_tokens", cached));
        return usage;
    }
}
