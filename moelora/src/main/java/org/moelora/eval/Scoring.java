package org.moelora.eval;

import java.util.List;
import java.util.Locale;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;

/** How a model is asked for an answer. */
public enum Scoring {
    /** It writes the most probable text, from which the task's rule reads the answer. */
    GENERATE,
    /**
     * The probability of each choice the question offers is compared, {@code sum_t log p(text_t | prompt, text_<t)} over the tokens of its text, not
     * divided by their number; the most probable is the answer, the first of equals. What the texts have in common at their beginning cancels.
     */
    LIKELIHOOD;

    /** As the command line writes it: {@code generate} or {@code likelihood}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads an {@link #id}.
     *
     * @throws InputException naming the flag, if it is none
     */
    public static Scoring parse(String flag, String text) {
        for (Scoring scoring : values()) {
            if (scoring.id().equals(text)) {
                return scoring;
            }
        }
        throw new InputException(flag + " is \"" + text + "\"; expected generate or likelihood"
                + Spelling.suggestion(text, List.of("generate", "likelihood")));
    }
}
