package org.moelora.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.moelora.data.Prompt;
import org.moelora.data.TokenRow;
import org.moelora.model.LanguageModel;

/**
 * Answers to choose from, for several questions: the one chosen is the one with the largest {@code sum_t log p(answer_t | prompt, answer_<t)}, the first of
 * equals.
 */
final class Chances {
    /** One answer to one question, as a row whose labels are the answer's tokens. */
    private record Chance(int question, int choice, TokenRow row) {}

    private final List<Chance> chances = new ArrayList<>();

    /**
     * Adds an answer to a question.
     *
     * @param question its number
     * @param choice the answer's number among those to that question
     * @param prompt the question with that answer
     * @param ends tokens that end a text. A last one of them does not count: a base model goes on after its answer, whichever it is
     */
    void add(int question, int choice, Prompt prompt, List<Integer> ends) {
        int[] answer = prompt.answerIds();
        boolean ended = answer.length > 1 && ends.contains(answer[answer.length - 1]);
        int length = answer.length - (ended ? 1 : 0);
        int before = prompt.ids().length;
        int[] ids = Arrays.copyOf(prompt.ids(), before + length);
        int[] labels = new int[ids.length];
        Arrays.fill(labels, TokenRow.IGNORED);
        System.arraycopy(answer, 0, ids, before, length);
        System.arraycopy(answer, 0, labels, before, length);
        var origin = prompt.origin();
        chances.add(
                new Chance(question, choice, new TokenRow(ids, labels, origin.task(), chances.size(), origin.where())));
    }

    List<TokenRow> rows() {
        return chances.stream().map(Chance::row).toList();
    }

    /** The choice per question; -1 where no probability is a number. */
    int[] chosen(LanguageModel view, int questions) {
        double[] best = new double[questions];
        Arrays.fill(best, Double.NEGATIVE_INFINITY);
        int[] chosen = new int[questions];
        Arrays.fill(chosen, -1);
        for (RowScore score : Scorer.score(view, rows()).rows()) {
            Chance chance = chances.get(score.row());
            if (-score.total() > best[chance.question()]) {
                best[chance.question()] = -score.total();
                chosen[chance.question()] = chance.choice();
            }
        }
        return chosen;
    }
}
