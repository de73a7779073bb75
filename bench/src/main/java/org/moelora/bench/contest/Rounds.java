package org.moelora.bench.contest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiConsumer;
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
     * Runs the rounds. A contender that fails takes part no more, and the others go on.
     *
     * @param seed decides the orders
     * @param failed is told who failed, and why
     * @return per name, in the order of {@code turns}, a value per round; NaN where it did not take part. One that never did is not there
     */
    public static Map<String, double[]> run(
            List<? extends Turn> turns, int rounds, long seed, BiConsumer<String, ContenderException> failed) {
        Map<String, double[]> values = new LinkedHashMap<>();
        for (Turn turn : turns) {
            double[] row = new double[rounds];
            Arrays.fill(row, Double.NaN);
            values.put(turn.name(), row);
        }
        Random random = new Random(seed);
        Set<String> out = new HashSet<>();
        for (int round = 0; round < rounds; round++) {
            List<Turn> order = new ArrayList<>(turns);
            Collections.shuffle(order, random);
            for (Turn turn : order) {
                double[] row = values.get(turn.name());
                if (row == null || round >= turn.rounds() || out.contains(turn.name())) {
                    continue;
                }
                pause();
                try {
                    row[round] = turn.take();
                } catch (ContenderException e) {
                    out.add(turn.name());
                    failed.accept(turn.name(), e);
                }
            }
        }
        values.values().removeIf(row -> Arrays.stream(row).allMatch(Double::isNaN));
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
     * Takes turns until they get no faster: three in a row none of which is the best by more than 2 %. At most {@code most}, and none begins
     * after {@code seconds}, but for the first.
     *
     * @return what the last one measured, a time
     */
    public static <T> double warmUp(T contender, ToDoubleFunction<T> turn, int most, double seconds) {
        double best = Double.POSITIVE_INFINITY;
        double last = best;
        long begin = System.nanoTime();
        for (int taken = 0, since = 0; taken < most && since < 3; taken++) {
            if (taken > 0 && System.nanoTime() - begin > seconds * 1e9) {
                break;
            }
            last = turn.applyAsDouble(contender);
            since = last < 0.98 * best ? 0 : since + 1;
            best = Math.min(best, last);
        }
        return last;
    }
}
