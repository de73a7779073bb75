package org.moelora.testmodels;

import java.util.ArrayList;
import java.util.List;
import org.moelora.engine.random.RandomStream;

/** The random choices of the generators. Not safe for use by several threads. */
final class Dice {
    private final RandomStream stream;

    /** The choices for the n-th thing of a name: they depend on nothing else, so more of one leaves all others as they are. */
    Dice(long seed, long n, String name) {
        stream = RandomStream.of(seed, n, name);
    }

    /** Uniform in {@code [0, bound)}. */
    int below(int bound) {
        return stream.below(bound);
    }

    /** Uniform in {@code [low, high]}, both included. */
    int between(int low, int high) {
        return low + below(high - low + 1);
    }

    boolean oneIn(int n) {
        return below(n) == 0;
    }

    <T> T pick(List<T> from) {
        return from.get(below(from.size()));
    }

    /** A new list with the elements of {@code from} in random order (Fisher and Yates). */
    <T> List<T> shuffled(List<T> from) {
        var out = new ArrayList<>(from);
        for (int i = out.size() - 1; i > 0; i--) {
            int j = below(i + 1);
            T held = out.get(i);
            out.set(i, out.get(j));
            out.set(j, held);
        }
        return out;
    }
}
