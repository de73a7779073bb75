package org.moelora.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
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
 * @param rows questions asked
 * @param correct answers that are right
 * @param tasks the same per task; empty if rows name no task
 */
public record Accuracy(int rows, int correct, SortedMap<String, Count> tasks) {
    /** Questions that are answered side by side. */
    private static final int SIDE_BY_SIDE = 64;

    /** Questions and right answers of one task. */
    public record Count(int rows, int correct) {
        /** Share of right answers, 0 to 1. */
        public double share() {
            return rows == 0 ? Double.NaN : (double) correct / rows;
        }
    }

    /** Share of right answers, 0 to 1. */
    public double share() {
        return new Count(rows, correct).share();
    }

    /**
     * Asks every question. Safe to call from several threads.
     *
     * @throws InputException if a question is longer than the model has positions for
     */
    public static Accuracy measure(LanguageModel model, List<Prompt> prompts) {
        prompts.forEach(prompt -> model.checkLength(prompt.origin().where(), prompt.ids().length));
        Map<String, int[]> tasks = new TreeMap<>();
        int correct = 0;
        for (int from = 0; from < prompts.size(); from += SIDE_BY_SIDE) {
            List<Prompt> part = prompts.subList(from, Math.min(prompts.size(), from + SIDE_BY_SIDE));
            boolean[] right = answer(model, part);
            for (int i = 0; i < right.length; i++) {
                correct += right[i] ? 1 : 0;
                String task = part.get(i).origin().task();
                if (task != null) {
                    int[] count = tasks.computeIfAbsent(task, t -> new int[2]);
                    count[0]++;
                    count[1] += right[i] ? 1 : 0;
                }
            }
        }
        SortedMap<String, Count> counts = new TreeMap<>();
        tasks.forEach((task, count) -> counts.put(task, new Count(count[0], count[1])));
        return new Accuracy(prompts.size(), correct, counts);
    }

    /** Begins to answer every question, with room for the whole answers: for {@link org.moelora.model.MemoryPlan#of}. */
    public static void rehearse(LanguageModel model, List<Prompt> prompts) {
        for (int from = 0; from < prompts.size(); from += SIDE_BY_SIDE) {
            List<Prompt> part = prompts.subList(from, Math.min(prompts.size(), from + SIDE_BY_SIDE));
            int longest = part.stream()
                    .mapToInt(prompt -> new Answer(prompt, null).mostTokens())
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

    private static boolean[] answer(LanguageModel model, List<Prompt> prompts) {
        List<Answer> answers = new ArrayList<>();
        int longest = 1;
        for (Prompt prompt : prompts) {
            Answer answer = new Answer(prompt, model.decoder().tokenizer());
            answers.add(answer);
            longest = Math.max(longest, answer.mostTokens());
        }
        GenerationOptions options = GenerationOptions.GREEDY.withMaxTokens(longest);
        List<int[]> generated = Generation.of(model, options)
                .withTasks(tasks(prompts))
                .ids(
                        prompts.stream().map(Prompt::ids).toList(),
                        (sequence, id) -> answers.get(sequence).token(id));
        boolean[] right = new boolean[prompts.size()];
        for (int i = 0; i < right.length; i++) {
            right[i] = answers.get(i).isRight(generated.get(i), model.decoder().eosIds());
        }
        return right;
    }

    /** One answer as it comes, given up as soon as it cannot become right. */
    private static final class Answer {
        private final @Nullable String expected;
        private final int[] expectedIds;
        private final @Nullable TextStream stream;
        private final StringBuilder text = new StringBuilder();

        Answer(Prompt prompt, @Nullable Tokenizer tokenizer) {
            String answer = prompt.answer();
            expected = answer == null ? null : answer.strip();
            expectedIds = prompt.answerIds();
            stream = tokenizer == null || expected == null ? null : tokenizer.stream();
        }

        /** The same text may be cut into other tokens than the expected one; a few more are allowed for that. */
        int mostTokens() {
            return expectedIds.length + 8;
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
                    && (expected.startsWith(soFar) || soFar.stripTrailing().equals(expected));
        }

        boolean isRight(int[] ids, List<Integer> ends) {
            if (stream == null || expected == null) {
                int length = expectedIds.length;
                if (length > 0 && ends.contains(expectedIds[length - 1])) {
                    length--;
                }
                return Arrays.equals(ids, 0, ids.length, expectedIds, 0, length);
            }
            String all = text + stream.finish();
            int end = expected.contains("\n") ? -1 : all.indexOf('\n');
            return (end < 0 ? all : all.substring(0, end)).strip().equals(expected);
        }
    }
}
