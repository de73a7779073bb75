package org.moelora.testmodels;

import java.util.ArrayList;
import java.util.List;

/**
 * The random choices of the generators: SplitMix64, written out here because committed files must come out of it byte for
 * byte for ever, and the JDK does not promise that of its own generators.
 *
 * <p>Not safe for use by several threads.
 */
final class Dice {
    private long state;

    Dice(long seed) {
        this.state = mix(seed);
    }

    /** A stream of its own for one named thing, so that more rows of one thing leave all others as they are. */
    static Dice named(long seed, String name) {
        return new Dice(seed ^ hash(name));
    }

    /** A 64-bit hash of a name that is the same on every machine. */
    static long hash(String name) {
        long h = 0xcbf29ce484222325L;
        for (int i = 0; i < name.length(); i++) {
            h = (h ^ name.charAt(i)) * 0x100000001b3L;
        }
        return mix(h);
    }

    /** Uniform in {@code [0, bound)}; the bias of the multiplication is below {@code bound / 2^32}. */
    int below(int bound) {
        state += 0x9e3779b97f4a7c15L;
        return (int) (((mix(state) >>> 32) * bound) >>> 32);
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

    /** A new list with the elements of {@code from} in random order (Fisher-Yates). */
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

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
