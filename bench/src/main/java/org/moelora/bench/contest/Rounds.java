package org.moelora.bench.contest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/** Interleaved rounds: each takes all contenders in an order of its own, so that none always runs after the same one or on the warmer chip. */
public final class Rounds {
    private Rounds() {}

    /** How one contender takes its turns. */
    public interface Turn {
        String name();

        /** Rounds that it takes part in: the first ones. A slow one may be spared the rest. */
        int rounds();

        /** Does one turn and returns what was measured. */
        double take();
    }

    /**
     * Runs the rounds.
     *
     * @param seed decides the orders
     * @return per name, in the order of {@code turns}, a value per round; NaN where it did not take part
     */
    public static Map<String, double[]> run(List<? extends Turn> turns, int rounds, long seed) {
        Map<String, double[]> values = new LinkedHashMap<>();
        for (Turn turn : turns) {
            double[] row = new double[rounds];
            Arrays.fill(row, Double.NaN);
            values.put(turn.name(), row);
        }
        Random random = new Random(seed);
        for (int round = 0; round < rounds; round++) {
            List<Turn> order = new ArrayList<>(turns);
            Collections.shuffle(order, random);
            for (Turn turn : order) {
                if (round < turn.rounds()) {
                    double[] row = values.get(turn.name());
                    if (row != null) {
                        pause();
                        row[round] = turn.take();
                    }
                }
            }
        }
        return values;
    }

    /** Long enough for the threads of the one before to stop spinning. */
    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ContenderException("the rounds were interrupted");
        }
    }

    /**
     * Takes turns until they get no faster: three in a row none of which is the best by more than 2 %. At most {@code most}.
     *
     * @return what the last one measured, a time
     */
    public static <T> double warmUp(T contender, ToDoubleFunction<T> turn, int most) {
        double best = Double.POSITIVE_INFINITY;
        double last = best;
        for (int taken = 0, since = 0; taken < most && since < 3; taken++) {
            last = turn.applyAsDouble(contender);
            since = last < 0.98 * best ? 0 : since + 1;
            best = Math.min(best, last);
        }
        return last;
    }
}
