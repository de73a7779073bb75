package org.moelora.eval;

import org.moelora.engine.InputException;

/**
 * How a task is put to a model.
 *
 * @param batchSize questions that are answered side by side, at least 1; each takes memory for its keys and values. It does not matter for {@link
 *     Scoring#LIKELIHOOD}
 */
public record TaskSettings(Scoring scoring, PromptStyle prompt, int batchSize) {
    /** Generated answers to LLM-Adapters' prompt, 16 at a time. */
    public static final TaskSettings DEFAULT = new TaskSettings(Scoring.GENERATE, PromptStyle.LLM_ADAPTERS, 16);

    /**
     * @throws InputException if the batch size is below 1
     */
    public TaskSettings {
        if (batchSize < 1) {
            throw new InputException("--batch-size is " + batchSize + "; expected at least 1");
        }
    }

    public TaskSettings withScoring(Scoring by) {
        return new TaskSettings(by, prompt, batchSize);
    }

    public TaskSettings withPrompt(PromptStyle style) {
        return new TaskSettings(scoring, style, batchSize);
    }

    public TaskSettings withBatchSize(int questions) {
        return new TaskSettings(scoring, prompt, questions);
    }
}
