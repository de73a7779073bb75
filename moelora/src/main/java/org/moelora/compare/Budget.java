package org.moelora.compare;

import java.util.Locale;

/** How many steps a comparison has in all, how many fit into its time, and how long the rest will take. */
final class Budget {
    /** Fewer would say nothing about a method. */
    private static final long LEAST_STEPS = 20;

    private final Comparison.Settings settings;
    private double all;
    private double done;
    private double seconds;

    Budget(Comparison.Settings settings) {
        this.settings = settings;
    }

    /** Steps of everything, as multiples of those of a full training. */
    private double fullTrainings(int arms, boolean headroom) {
        double search = 0;
        double share = 1.0 / 8;
        for (int left = settings.rates().size(); left > 1; left /= 2) {
            search += left * share;
            share = Math.min(1, 2 * share);
        }
        return arms * (search + settings.seeds()) + (headroom ? 2 : 0);
    }

    /**
     * The steps that a full training can have.
     *
     * @param full how many it is to have
     * @param stepSeconds what one takes
     * @param askSeconds what all questions take
     */
    long steps(long full, double stepSeconds, double askSeconds, int arms, boolean headroom) {
        double asking = askSeconds * (arms * settings.seeds() + (headroom ? 2 : 0));
        double left = settings.budgetSeconds() - asking;
        long fit = (long) (left / (stepSeconds * fullTrainings(arms, headroom)));
        return Math.clamp(fit, Math.min(LEAST_STEPS, full), full);
    }

    void begin(long full, int arms, boolean headroom) {
        all = full * fullTrainings(arms, headroom);
    }

    /** Counts a training, whether it was done now or before. */
    void done(long steps, double took) {
        done += steps;
        seconds += took;
    }

    /** Words about the rest, empty before anything is known. */
    String left() {
        if (done == 0) {
            return "";
        }
        double left = Math.max(0, all - done) * seconds / done;
        return String.format(Locale.ROOT, "; about %d minutes left", Math.round(left / 60));
    }
}
