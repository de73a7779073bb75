package org.moelora.eval;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A view's answers to a task.
 *
 * @param answers in the order of the questions
 */
public record TaskScore(List<Answer> answers) {
    /**
     * One answer.
     *
     * @param text what was generated, or the text of the chosen answer
     * @param extracted the answer read from it; null if it has none
     * @param correct whether it is the right one
     */
    public record Answer(
            Question question, String text, @Nullable String extracted, boolean correct) {}

    public TaskScore {
        answers = List.copyOf(answers);
    }

    /** Questions asked. */
    public int rows() {
        return answers.size();
    }

    /** Right answers. */
    public int correct() {
        return (int) answers.stream().filter(Answer::correct).count();
    }

    /** Answers of which the rule could read nothing; they count as wrong. */
    public int unread() {
        return (int)
                answers.stream().filter(answer -> answer.extracted() == null).count();
    }

    /** Share of right answers, 0 to 1; NaN without questions. */
    public double accuracy() {
        return rows() == 0 ? Double.NaN : (double) correct() / rows();
    }

    /** What {@link Interval#wilson} says of it. */
    public Interval interval() {
        return Interval.wilson(correct(), rows());
    }
}
