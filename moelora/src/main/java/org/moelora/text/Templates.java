package org.moelora.text;

import org.jspecify.annotations.Nullable;

/**
 * The texts that are put around what a row of data says. They are part of what a model is trained on, so a model that was
 * fine-tuned with one must be asked with the same.
 */
public final class Templates {
    /** The line before a system message, {@code ### System:}, with its line feed. */
    public static final String SYSTEM = "### System:\n";

    /** The line before a user's message, {@code ### User:}, with its line feed. */
    public static final String USER = "### User:\n";

    /** The line before an assistant's message, {@code ### Assistant:}, with its line feed. */
    public static final String ASSISTANT = "### Assistant:\n";

    /** Between two messages: an empty line. */
    public static final String BETWEEN = "\n\n";

    private Templates() {}

    /**
     * Alpaca's template up to where the answer begins. Without an input:
     * <pre>
     * Below is an instruction that describes a task. Write a response that appropriately completes the request.
     *
     * ### Instruction:
     * {instruction}
     *
     * ### Response:
     * </pre>
     * and with one:
     * <pre>
     * Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request.
     *
     * ### Instruction:
     * {instruction}
     *
     * ### Input:
     * {input}
     *
     * ### Response:
     * </pre>
     * Both end with a line feed.
     *
     * @param input null or empty for none
     */
    public static String alpaca(String instruction, @Nullable String input) {
        if (input == null || input.isEmpty()) {
            return "Below is an instruction that describes a task. Write a response that appropriately completes the"
                    + " request.\n\n"
                    + "### Instruction:\n" + instruction + "\n\n### Response:\n";
        }
        return "Below is an instruction that describes a task, paired with an input that provides further context. "
                + "Write a response that appropriately completes the request.\n\n"
                + "### Instruction:\n" + instruction + "\n\n### Input:\n" + input + "\n\n### Response:\n";
    }
}
