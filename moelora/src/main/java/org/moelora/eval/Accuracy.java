package org.moelora.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.moelora.data.Prompt;
import org.moelora.engine.InputException;
import org.moelora.model.Generation;
import org.moelora.model.GenerationOptions;
import org.moelora.model.LanguageModel;
import org.moelora.text.TextStream;
import org.moelora.text.Tokenizer;

/**
 * How many answers a view gets right. An answer is right if the greedy text after the prompt, up to the end-of-text token or the line's end, equals
 * the expected one, both without surrounding white space. An expected answer of several lines is compared as a whole.
 *
 * @param answers in the order of the questions
 */
public record Accuracy(List<Answer> answers) {
    /** Questions that are answered side by side. */
    private static final int SIDE_BY_SIDE = 64;

    /**
     * One answer.
     *
     * @param prompt the question and the answer that is expected
     * @param text what the model answers, without surrounding white space; ids with spaces between them if there is no tokenizer
     * @param right whether it is the expected answer
     */
    public record Answer(Prompt prompt, String text, boolean right) {}

    public Accuracy {
        answers = List.copyOf(answers);
    }

    /** Questions asked. */
    public int rows() {
        return answers.size();
    }

    /** Answers that are right. */
    public int correct() {
        return (int) answers.stream().filter(Answer::right).count();
    }

    /** Questions and right answers per task; empty if rows name no task. */
    public SortedMap<String, Count> tasks() {
        SortedMap<String, Count> counts = new TreeMap<>();
        for (Answer answer : answers) {
            String task = answer.prompt().origin().task();
            if (task != null) {
                Count before = counts.getOrDefault(task, new Count(0, 0));
                counts.put(task, new Count(before.rows() + 1, before.correct() + (answer.right() ? 1 : 0)));
            }
        }
        return counts;
    }

    /** Questions and right answers of one task. */
    public record Count(int rows, int correct) {
        /** Share of right answers, 0 to 1. */
        public double share() {
            return rows == 0 ? Double.NaN : (double) correct / rows;
        }
    }

    /** Share of right answers, 0 to 1. */
    public double share() {
        return new Count(rows(), correct()).share();
    }

    /** Asks every question; a wrong answer ends where it is seen to be wrong. Safe to call from several threads. */
    public static Accuracy measure(LanguageModel model, List<Prompt> prompts) {
        return measure(model, prompts, false);
    }

    /**
     * Asks every question. Safe to call from several threads.
     *
     * @param whole whether wrong answers are written to their end, which takes longer, and shows what the model says. The end is that of the text or
     *     the line, or where an answer is some tokens longer than the longest that is expected of the questions beside it
     * @throws InputException if a question is longer than the model has positions for
     */
    public static Accuracy measure(LanguageModel model, List<Prompt> prompts, boolean whole) {
        prompts.forEach(prompt -> model.checkLength(prompt.origin().where(), prompt.ids().length));
        List<Answer> answers = new ArrayList<>();
        for (int from = 0; from < prompts.size(); from += SIDE_BY_SIDE) {
            answers.addAll(answer(model, prompts.subList(from, Math.min(prompts.size(), from + SIDE_BY_SIDE)), whole));
        }
        return new Accuracy(answers);
    }

    /** Begins to answer every question, with room for the whole answers: for {@link org.moelora.model.MemoryPlan#of}. */
    public static void rehearse(LanguageModel model, List<Prompt> prompts) {
        for (int from = 0; from < prompts.size(); from += SIDE_BY_SIDE) {
            List<Prompt> part = prompts.subList(from, Math.min(prompts.size(), from + SIDE_BY_SIDE));
            int longest = part.stream()
                    .mapToInt(prompt -> new Text(prompt, null, false).mostTokens())
                    .max()
                    .orElse(1);
            Generation.of(model, GenerationOptions.GREEDY.withMaxTokens(longest))
                    .withTasks(tasks(part))
                    .rehearse(part.stream().map(Prompt::ids).toList());
        }
    }

    private static List<@Nullable String> tasks(List<Prompt> prompts) {
        List<@Nullable String> tasks = new ArrayList<>();
        prompts.forEach(prompt -> tasks.add(prompt.origin().task()));
        return tasks;
    }

    private static List<Answer> answer(LanguageModel model, List<Prompt> prompts, boolean whole) {
        List<Text> texts = new ArrayList<>();
        int longest = 1;
        for (Prompt prompt : prompts) {
            Text text = new Text(prompt, model.decoder().tokenizer(), whole);
            texts.add(text);
            longest = Math.max(longest, text.mostTokens());
        }
        GenerationOptions options = GenerationOptions.GREEDY.withMaxTokens(longest);
        List<int[]> generated = Generation.of(model, options)
                .withTasks(tasks(prompts))
                .ids(
                        prompts.stream().map(Prompt::ids).toList(),
                        (sequence, id) -> texts.get(sequence).token(id));
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            answers.add(texts.get(i).answer(generated.get(i), model.decoder().eosIds()));
        }
        return answers;
    }

    /** One answer as it comes; unless it is to be whole, given up as soon as it cannot become right. */
    private static final class Text {
        private final Prompt prompt;
        private final boolean whole;
        private final @Nullable String expected;
        private final @Nullable TextStream stream;
        private final StringBuilder text = new StringBuilder();

        Text(Prompt prompt, @Nullable Tokenizer tokenizer, boolean whole) {
            String answer = prompt.answer();
            this.prompt = prompt;
            this.whole = whole;
            expected = answer == null ? null : answer.strip();
            stream = tokenizer == null || expected == null ? null : tokenizer.stream();
        }

        /** The same text may be cut into other tokens than the expected one; a few more are allowed for that. */
        int mostTokens() {
            return prompt.answerIds().length + 8;
        }

        /** Whether to go on. */
        boolean token(int id) {
            if (stream == null || expected == null) {
                return true;
            }
            text.append(stream.push(id));
            String soFar = text.toString().stripLeading();
            boolean lineEnded = text.indexOf("\n") >= 0 && !expected.contains("\n");
            return !lineEnded
                    && (whole
                            || expected.startsWith(soFar)
                            || soFar.stripTrailing().equals(expected));
        }

        Answer answer(int[] ids, List<Integer> ends) {
            if (stream == null || expected == null) {
                int[] expectedIds = prompt.answerIds();
                int length = expectedIds.length;
                if (length > 0 && ends.contains(expectedIds[length - 1])) {
                    length--;
                }
                boolean right = Arrays.equals(ids, 0, ids.length, expectedIds, 0, length);
                return new Answer(
                        prompt, Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")), right);
            }
            String all = text + stream.finish();
            int end = expected.contains("\n") ? -1 : all.indexOf('\n');
            String said = (end < 0 ? all : all.substring(0, end)).strip();
            return new Answer(prompt, said, said.equals(expected));
        }
    }
}
