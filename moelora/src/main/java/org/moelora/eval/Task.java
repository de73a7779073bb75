package org.moelora.eval;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.moelora.engine.InputException;
import org.moelora.engine.Spelling;

/**
 * A set of questions with one kind of answer. {@link #published} has those of LLM-Adapters (Hu et al. 2023, arXiv 2304.01933): six of math,
 * eight of common sense. Of the latter boolq, piqa, obqa, arc-e and arc-c are this project's reading of the five that MoELoRA reports (Luo et
 * al. 2024, arXiv 2402.12851). Immutable and thread-safe.
 *
 * @param name as {@link #named} knows it
 * @param rule how an answer is read from a text, and compared
 * @param choices answers for {@link Scoring#LIKELIHOOD}; none if the answer is free
 * @param maxTokens the most tokens of an answer
 */
public record Task(String name, AnswerRule rule, List<Choice> choices, int maxTokens) {
    private static final int MATH_TOKENS = 256;
    private static final int CHOICE_TOKENS = 32;
    private static final double MATH_TOLERANCE = 1e-3;

    private static final List<Task> PUBLISHED = List.of(
            math("gsm8k"),
            aqua(),
            math("addsub"),
            math("multiarith"),
            math("singleeq"),
            math("svamp"),
            commonSense("boolq", List.of("true", "false")),
            commonSense("piqa", numbered("solution", 2)),
            commonSense("obqa", numbered("answer", 5)),
            commonSense("arc-e", numbered("answer", 5)),
            commonSense("arc-c", numbered("answer", 5)),
            commonSense("siqa", numbered("answer", 5)),
            commonSense("winogrande", numbered("option", 2)),
            commonSense("hellaswag", numbered("ending", 4)));

    /**
     * One of the answers that can be chosen.
     *
     * @param answer what {@link AnswerRule#extract} gives for it
     * @param mark what an instruction that offers it contains
     * @param text how the training sets of LLM-Adapters word it, the answer of a model fine-tuned on them
     */
    public record Choice(String answer, String mark, String text) {}

    /**
     * @throws IllegalArgumentException if there is exactly one choice, or no room for a token
     */
    public Task {
        choices = List.copyOf(choices);
        if (choices.size() == 1 || maxTokens < 1) {
            throw new IllegalArgumentException(name + ": " + choices.size() + " choices, " + maxTokens + " tokens");
        }
    }

    /** The fourteen, math first. */
    public static List<Task> published() {
        return PUBLISHED;
    }

    /**
     * One of {@link #published}, whatever the case of its letters.
     *
     * @throws InputException with the names there are, if it is none of them
     */
    public static Task named(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return PUBLISHED.stream()
                .filter(task -> task.name.equals(lower))
                .findFirst()
                .orElseThrow(() -> new InputException("--task is \"" + name + "\"; expected one of "
                        + PUBLISHED.stream().map(Task::name).collect(Collectors.joining(", "))
                        + Spelling.suggestion(
                                name, PUBLISHED.stream().map(Task::name).toList())));
    }

    /** The choices that an instruction offers: those whose mark it contains, or all if these are fewer than two. */
    public List<Choice> offered(String instruction) {
        List<Choice> offered = choices.stream()
                .filter(choice -> instruction.contains(choice.mark()))
                .toList();
        return offered.size() < 2 ? choices : offered;
    }

    private static Task math(String name) {
        return new Task(name, new AnswerRule.LastNumber(MATH_TOLERANCE), List.of(), MATH_TOKENS);
    }

    private static Task aqua() {
        List<String> letters = List.of("A", "B", "C", "D", "E");
        List<Choice> choices = letters.stream()
                .map(letter -> new Choice(letter, "(" + letter + ")", "The answer is (" + letter + ")"))
                .toList();
        return new Task("aqua", new AnswerRule.FirstOf(letters), choices, MATH_TOKENS);
    }

    private static Task commonSense(String name, List<String> answers) {
        List<Choice> choices = answers.stream()
                .map(answer -> new Choice(answer, answer, "the correct answer is " + answer))
                .toList();
        return new Task(name, new AnswerRule.FirstOf(answers), choices, CHOICE_TOKENS);
    }

    private static List<String> numbered(String word, int count) {
        return IntStream.rangeClosed(1, count).mapToObj(i -> word + i).toList();
    }
}
