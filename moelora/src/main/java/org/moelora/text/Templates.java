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

    /**
     * The prompt that LLM-Adapters evaluates with (Hu et al. 2023, arXiv 2304.01933; {@code evaluate.py} and {@code
     * commonsense_evaluate.py} of their code): Alpaca's template as it stands indented in a program. Without an input its first line
     * ends with a space, every later line of the template that is not empty begins with 16 spaces, and so does the answer:
     * <pre>
     * Below is an instruction that describes a task. Write a response that appropriately completes the request.&nbsp;
     *
     *                 ### Instruction:
     *                 {instruction}
     *
     *                 ### Response:
     *                 </pre>
     * Later lines of an instruction are as they are. With an input, which none of their test sets has, the first line is {@link
     * #alpaca}'s, without the space, and {@code ### Input:} stands between the two as there.
     *
     * @param input null or empty for none
     */
    public static String llmAdapters(String instruction, @Nullable String input) {
        String indent = " ".repeat(16);
        boolean alone = input == null || input.isEmpty();
        String first = alone
                ? "Below is an instruction that describes a task. Write a response that appropriately completes the request. "
                : "Below is an instruction that describes a task, paired with an input that provides further context. "
                        + "Write a response that appropriately completes the request.";
        return first + "\n\n" + indent + "### Instruction:\n" + indent + instruction + "\n\n"
                + (alone ? "" : indent + "### Input:\n" + indent + input + "\n\n")
                + indent + "### Response:\n" + indent;
    }
}
