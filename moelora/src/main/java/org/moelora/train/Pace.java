package org.moelora.train;

import java.util.function.LongSupplier;

/**
 * How long a token of training takes once the code is compiled. The first passes of a process are several times slower than those that follow, so time is
 * taken over windows of passes until some windows in a row are no faster than the best before them.
 */
final class Pace {
    /** Nanoseconds that a window takes at least; one of a large model is one pass. */
    static final long WINDOW = 250_000_000;

    /** Nanoseconds after which no other window begins, unless there was but one. */
    static final long MOST = 3_000_000_000L;

    /** Windows in a row without a gain, after which the pace is known. */
    static final int STILL = 3;

    /** A gain is more than this share. */
    private static final double GAIN = 0.05;

    private Pace() {}

    /** A pass of training. */
    @FunctionalInterface
    interface Pass {
        /** Does the pass of a number from 0, and returns its tokens. */
        long run(int number);
    }

    /**
     * @param clock in nanoseconds
     * @return seconds a token
     */
    static double secondsPerToken(LongSupplier clock, Pass pass) {
        long begin = clock.getAsLong();
        long now = begin;
        double best = Double.POSITIVE_INFINITY;
        int number = 0;
        int still = 0;
        for (int window = 0; still < STILL && (window < 2 || now - begin < MOST); window++) {
            long from = now;
            long tokens = 0;
            do {
                tokens += pass.run(number++);
                now = clock.getAsLong();
            } while (now - from < WINDOW);
            double pace = (now - from) * 1e-9 / tokens;
            still = pace > (1 - GAIN) * best ? still + 1 : 0;
            best = Math.min(best, pace);
        }
        return best;
    }
}
