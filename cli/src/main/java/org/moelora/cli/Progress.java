package org.moelora.cli;

import java.util.Locale;
import org.moelora.train.TrainingListener;

/**
 * How far a training is, on stderr: on a terminal one line that is redrawn, otherwise a line now and then.
 * For one training after another, on one thread.
 */
final class Progress implements TrainingListener, AutoCloseable {
    private static final int WIDTH = 24;
    private static final double REDRAW_SECONDS = 0.1;
    private static final double LINE_SECONDS = 30;

    private final Streams streams;
    private long tokens;
    private double begin;
    private long firstStep;
    private long lastStep = Long.MAX_VALUE;
    private double shownAt = Double.NEGATIVE_INFINITY;
    private long shownTenth = -1;
    private int drawn;

    Progress(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void step(Step step) {
        if (step.step() <= lastStep) { // another training than the last one's, or one that goes on
            tokens = 0;
            begin = step.seconds() - step.tokens() / step.tokensPerSecond();
            firstStep = step.step();
            shownAt = Double.NEGATIVE_INFINITY;
        }
        lastStep = step.step();
        tokens += step.tokens();
        double silent = step.seconds() - shownAt;
        long tenth = 10 * step.step() / step.steps();
        boolean last = step.step() == step.steps();
        if (streams.terminal() ? silent < REDRAW_SECONDS && !last : silent < LINE_SECONDS && tenth == shownTenth) {
            return;
        }
        shownAt = step.seconds();
        shownTenth = tenth;
        double share = (double) step.step() / step.steps();
        double seconds = step.seconds() - begin;
        String numbers = String.format(
                Locale.ROOT,
                "step %d/%d  loss %.4f  %,.0f tokens/s  %s left",
                step.step(),
                step.steps(),
                step.loss(),
                tokens / seconds,
                Figures.duration(seconds / (step.step() - firstStep + 1) * (step.steps() - step.step())));
        if (streams.terminal()) {
            draw(bar(share) + " " + numbers);
        } else {
            streams.err().println(numbers);
        }
    }

    @Override
    public void evaluation(Evaluation evaluation) {
        erase();
        streams.err()
                .println("step " + evaluation.step() + "  evaluation loss " + Figures.loss(evaluation.loss())
                        + (evaluation.best() ? "  (the best so far)" : ""));
    }

    private static String bar(double share) {
        int full = (int) (share * WIDTH);
        return "[" + "#".repeat(full) + ".".repeat(WIDTH - full)
                + String.format(Locale.ROOT, "] %3d%%", (int) (100 * share));
    }

    private void draw(String line) {
        int excess = Math.max(0, drawn - line.length());
        streams.err().print("\r" + line + " ".repeat(excess));
        streams.err().flush();
        drawn = line.length();
    }

    private void erase() {
        if (drawn > 0) {
            streams.err().print("\r" + " ".repeat(drawn) + "\r");
            drawn = 0;
        }
    }

    /** Leaves the last bar where it is. */
    @Override
    public void close() {
        if (drawn > 0) {
            streams.err().println();
            drawn = 0;
        }
    }
}
