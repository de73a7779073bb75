package org.moelora.model;

import java.time.Duration;
import java.util.List;
import org.moelora.text.ToolCall;

/**
 * What a model wrote for a {@link Request}. Immutable.
 *
 * @param text what it wrote, up to a stop sequence; empty if the model has no tokenizer
 * @param ids the chosen tokens, without the one that ends a text; those of a stop sequence are among them
 * @param finish why it ended
 * @param usage tokens read and written
 * @param firstToken time from the beginning to the first token; the time of all if there is none
 * @param time time from the beginning to the end
 * @param logProbabilities one for each id if {@link Request.Builder#logProbabilities} asked for them, else none
 * @param toolCalls what it asks to be called, of the request's tools or others; they are no part of the text
 */
public record Completion(
        String text,
        List<Integer> ids,
        FinishReason finish,
        Usage usage,
        Duration firstToken,
        Duration time,
        List<TokenLogProbability> logProbabilities,
        List<ToolCall> toolCalls) {
    public Completion {
        ids = List.copyOf(ids);
        logProbabilities = List.copyOf(logProbabilities);
        toolCalls = List.copyOf(toolCalls);
    }

    /** One without calls. */
    public Completion(
            String text,
            List<Integer> ids,
            FinishReason finish,
            Usage usage,
            Duration firstToken,
            Duration time,
            List<TokenLogProbability> logProbabilities) {
        this(text, ids, finish, usage, firstToken, time, logProbabilities, List.of());
    }

    /**
     * How probable a chosen token was under the model itself: {@code log softmax(logits)}, before temperature, penalties and restrictions.
     *
     * @param id the chosen token
     * @param logProbability its natural logarithm
     * @param top the most probable tokens, best first
     */
    public record TokenLogProbability(int id, double logProbability, List<Alternative> top) {
        public TokenLogProbability {
            top = List.copyOf(top);
        }
    }

    /**
     * A token that could have been chosen.
     *
     * @param id the token
     * @param logProbability natural logarithm of its probability
     */
    public record Alternative(int id, double logProbability) {}
}
