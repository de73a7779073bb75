package org.moelora.model;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.Cancellation;
import org.moelora.engine.InputException;

/**
 * A request to a view, from the moment that it was made: its prompt in tokens, checked against the model before any memory is taken.
 *
 * @param most how many tokens may follow the prompt
 * @param begin {@link System#nanoTime} of the request
 */
record AskedText(LanguageModel model, Request request, int[] prompt, int most, long begin) {
    /**
     * @throws InputException if the prompt is empty or longer than the model has positions for, or more memory might be needed than the request allows
     */
    static AskedText of(LanguageModel model, Request request) {
        long begin = System.nanoTime();
        int[] prompt = request.tokens(model);
        AskedText asked = new AskedText(model, request, prompt, mostTokens(model, request, prompt), begin);
        asked.checkMemory();
        return asked;
    }

    private static int mostTokens(LanguageModel model, Request request, int[] prompt) {
        if (prompt.length == 0) {
            throw new InputException("the prompt has no tokens; expected at least one");
        }
        DecoderConfig config = model.decoder().config();
        boolean unlimited = request.beyondPositions() && !config.design().learnedPositions();
        int positions = unlimited ? Integer.MAX_VALUE : config.maxPositions();
        if (prompt.length > positions) {
            throw new InputException("the prompt has " + prompt.length + " tokens, and the model has positions for "
                    + positions + "; expected a shorter prompt"
                    + (config.design().learnedPositions() ? "" : ", or that beyondPositions is allowed"));
        }
        // The last token is chosen at the last position, and read at none.
        return (int) Math.min(request.maxTokens(), (long) positions - prompt.length + 1);
    }

    private void checkMemory() {
        if (request.maxMemory() == 0) {
            return;
        }
        MemoryPlan.of(
                        model,
                        view -> Generation.of(view, GenerationOptions.GREEDY.withMaxTokens(most))
                                .withTasks(tasks())
                                .rehearse(Collections.nCopies(request.texts(), prompt)))
                .require(request.maxMemory(), "writing", "a shorter prompt, or fewer --max-tokens");
    }

    /** This with fewer tokens after the prompt. */
    AskedText withMost(int fewer) {
        return new AskedText(model, request, prompt, fewer, begin);
    }

    /** Tokens of prompt and text that may be read: the last one that is chosen is not. */
    int mostRead() {
        return prompt.length + most - 1;
    }

    /** The task of each text. */
    List<@Nullable String> tasks() {
        return Collections.nCopies(request.texts(), request.task());
    }

    /** The texts, of which nothing is written yet. */
    List<TextInProgress> texts() {
        List<TextInProgress> texts = new ArrayList<>();
        for (int i = 0; i < request.texts(); i++) {
            texts.add(new TextInProgress(this, i));
        }
        return texts;
    }

    Duration sinceBegin() {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    /** Why it has to end now; null if it may go on. */
    @Nullable FinishReason stopped() {
        Cancellation cancellation = request.cancellation();
        if (cancellation != null && cancellation.isCancelled()) {
            return FinishReason.CANCELLED;
        }
        Duration deadline = request.deadline();
        return deadline != null && sinceBegin().compareTo(deadline) >= 0 ? FinishReason.DEADLINE : null;
    }

    /** Ends a pass over the prompt or a token between two layers. */
    static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final transient FinishReason why;

        Stopped(FinishReason why) {
            super("stopped", null, false, false);
            this.why = why;
        }

        FinishReason why() {
            return why;
        }
    }
}
