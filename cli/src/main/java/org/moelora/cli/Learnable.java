package org.moelora.cli;

import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.moelora.data.Spelling;
import org.moelora.data.TokenRow;
import org.moelora.eval.Unigram;
import org.moelora.text.Tokenizer;
import org.moelora.train.TrainingListener;

/**
 * Whether a base can learn the rows: what {@code train} warns of before, where the tokenizer spells the words out, and after, where the loss is no better than
 * that of tokens by their frequency.
 */
final class Learnable implements TrainingListener {
    /** From this share on the words are not the base's: a choice, not a measured limit. */
    private static final double SPELLED = 0.4;

    /** Fewer say nothing. */
    private static final int LEAST_WORDS = 20;

    private static final int LAST_STEPS = 16;

    private final TrainingListener inner;
    private final Deque<Double> last = new ArrayDeque<>();
    private double best = Double.POSITIVE_INFINITY;

    Learnable(TrainingListener inner) {
        this.inner = inner;
    }

    /** One line if the words of the answers are mostly not in the vocabulary. */
    static void warnOfSpelling(PrintStream err, List<TokenRow> rows, @Nullable Tokenizer tokenizer) {
        if (tokenizer == null) {
            return;
        }
        Spelling spelling = Spelling.of(rows, tokenizer);
        if (spelling.words() >= LEAST_WORDS && spelling.share() >= SPELLED) {
            err.printf(
                    Locale.ROOT,
                    "moelora: WARNING: %.0f %% of the tokens to be learned that stand for letters are spelled out letter by"
                            + " letter%s: the model does not have the words of this data, and is unlikely to learn them;"
                            + " expected a model that was trained on such text%n",
                    100 * spelling.share(),
                    spelling.unknown() == 0
                            ? ""
                            : String.format(
                                    Locale.ROOT,
                                    " or unknown (%.0f %%)",
                                    100.0 * spelling.unknown() / spelling.words()));
        }
    }

    @Override
    public void step(Step step) {
        last.addLast(step.lm());
        if (last.size() > LAST_STEPS) {
            last.removeFirst();
        }
        inner.step(step);
    }

    @Override
    public void evaluation(Evaluation evaluation) {
        best = Math.min(best, evaluation.loss());
        inner.evaluation(evaluation);
    }

    /** One line if training ended no better than guessing by frequency. */
    void warnOfLoss(PrintStream err, List<TokenRow> train, List<TokenRow> heldOut, int vocabulary) {
        if (last.isEmpty()) {
            return; // a run that was finished already
        }
        boolean evaluated = best < Double.POSITIVE_INFINITY;
        double loss = evaluated
                ? best
                : last.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
        double unigram = Unigram.of(train, vocabulary).loss(evaluated ? heldOut : train);
        if (loss >= unigram) {
            err.println("moelora: WARNING: the " + (evaluated ? "best evaluation " : "") + "loss is "
                    + Figures.loss(loss)
                    + ", and to guess each token by how often it occurs in the training data gives "
                    + Figures.loss(unigram) + ": nothing of the text was learned; expected more steps, a higher"
                    + " --learning-rate, or a model that was trained on such text");
        }
    }
}
