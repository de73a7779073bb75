package org.moelora.eval;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;
import org.moelora.text.Templates;

/** What is put around a question. A model that was fine-tuned with one is to be asked with the same. */
public enum PromptStyle {
    /** {@link Templates#llmAdapters}, as published numbers are measured. */
    LLM_ADAPTERS,
    /** {@link Templates#alpaca}, which rows with an {@code instruction} are trained in here. */
    ALPACA;

    /** As the command line writes it: {@code llm-adapters} or {@code alpaca}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Reads an {@link #id}.
     *
     * @throws InputException naming the flag, if it is none
     */
    public static PromptStyle parse(String flag, String text) {
        for (PromptStyle style : values()) {
            if (style.id().equals(text)) {
                return style;
            }
        }
        throw new InputException(flag + " is \"" + text + "\"; expected llm-adapters or alpaca"
                + Spelling.suggestion(text, List.of("llm-adapters", "alpaca")));
    }

    /** The text up to where the answer begins. */
    String prompt(String instruction, @Nullable String input) {
        return switch (this) {
            case LLM_ADAPTERS -> Templates.llmAdapters(instruction, input);
            case ALPACA -> Templates.alpaca(instruction, input);
        };
    }
}
