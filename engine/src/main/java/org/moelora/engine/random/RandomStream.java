package org.moelora.engine.random;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import org.moelora.kernels.Philox;

/**
 * The source of every random number in the project: a stream that is a pure function of (seed, step, name).
 *
 * <p>Each consumer opens a stream under its own name at the current step. Its numbers therefore do not depend on what else
 * was drawn before, on the number of threads, or on whether training was resumed. The stream's 64-bit key is
 * <pre>
 *     key = words 0 and 1 of Philox4x32-10(key = seed, counter = (fnv1a64(name), step))
 * </pre>
 * and its words are those of the blocks 0, 1, 2, ... under that key (see {@link Philox#block(long, long, int[])}), whose counters
 * have an upper half of 0. A kernel that draws per element, as dropout does, takes {@link #key} and indexes the same function
 * itself. Logarithms and sines are {@link StrictMath}'s, so that all machines get the same bits.
 *
 * <p>A stream has a position and is not thread-safe; making one costs one Philox block.
 */
public final class RandomStream {
    private static final int WORDS = 4;

    private final long key;
    private final int[] words = new int[WORDS];
    private long block;
    private int used = WORDS;
    private double secondNormal = Double.NaN;

    private RandomStream(long key) {
        this.key = key;
    }

    /**
     * The stream of that name at that step, from its beginning.
     *
     * @param seed the run's seed; any value
     * @param step the training step, from 1, or 0 for what is drawn once before training; not negative
     * @param name who draws, such as {@code layers.3.q_proj.dropout}
     * @throws IllegalArgumentException if the step is negative
     */
    public static RandomStream of(long seed, long step, String name) {
        if (step < 0) {
            throw new IllegalArgumentException("step " + step + " is negative");
        }
        return new RandomStream(derive(seed, name, step));
    }

    /**
     * The stream of a part of this one's owner. It depends on this stream's key and the name, not on how much was drawn, and
     * is unrelated to this stream's own numbers.
     */
    public RandomStream split(String name) {
        // No step is -1, and no block of a stream has an upper half other than 0.
        return new RandomStream(derive(key, name, -1));
    }

    private static long derive(long key, String name, long upper) {
        long lower = fnv1a64(name);
        int[] out = new int[WORDS];
        Philox.block(
                (int) key,
                (int) (key >>> 32),
                (int) lower,
                (int) (lower >>> 32),
                (int) upper,
                (int) (upper >>> 32),
                out);
        return join(out[0], out[1]);
    }

    private static long fnv1a64(String name) {
        long hash = 0xCBF29CE484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
        }
        return hash;
    }

    private static long join(int low, int high) {
        return (low & 0xFFFFFFFFL) | ((long) high << 32);
    }

    /** The Philox key of this stream, for kernels that compute element i's number from (key, i). */
    public long key() {
        return key;
    }

    /** 32 uniform bits. */
    public int nextInt() {
        if (used == WORDS) {
            Philox.block(key, block++, words);
            used = 0;
        }
        return words[used++];
    }

    /** 64 uniform bits: two words, the lower half first. */
    public long nextLong() {
        int low = nextInt();
        return join(low, nextInt());
    }

    /** Uniform on [0, 1), a multiple of 2^-53. */
    public double uniform() {
        return (nextLong() >>> 11) * 0x1p-53;
    }

    /** Uniform on [low, high): {@code low + (high - low) * uniform()}. */
    public double uniform(double low, double high) {
        return low + (high - low) * uniform();
    }

    /**
     * Standard normal, by Box and Muller's method: from u, v uniform, {@code sqrt(-2 ln(1 - u))} times cos(2 pi v), and times
     * sin(2 pi v) for the next call.
     */
    public double normal() {
        if (!Double.isNaN(secondNormal)) {
            double value = secondNormal;
            secondNormal = Double.NaN;
            return value;
        }
        double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - uniform()));
        double angle = 2 * Math.PI * uniform();
        secondNormal = radius * StrictMath.sin(angle);
        return radius * StrictMath.cos(angle);
    }

    /**
     * Uniform on 0 to n - 1, each exactly as likely (Lemire's multiplication with rejection).
     *
     * @throws IllegalArgumentException if n is less than 1
     */
    public int below(int n) {
        if (n < 1) {
            throw new IllegalArgumentException("nothing is below " + n);
        }
        long product = (nextInt() & 0xFFFFFFFFL) * n;
        if ((product & 0xFFFFFFFFL) < n) {
            // 2^32 mod n: as many low products would be drawn once too often.
            long surplus = (1L << 32) % n;
            while ((product & 0xFFFFFFFFL) < surplus) {
                product = (nextInt() & 0xFFFFFFFFL) * n;
            }
        }
        return (int) (product >>> 32);
    }

    /** Puts the values in a uniformly random order (Fisher and Yates). */
    public void shuffle(int[] values) {
        for (int i = values.length - 1; i > 0; i--) {
            int j = below(i + 1);
            int value = values[i];
            values[i] = values[j];
            values[j] = value;
        }
    }

    /**
     * A uniformly random set of k of the indices 0 to n - 1, ascending (Floyd's algorithm: k draws, n bits).
     *
     * @throws IllegalArgumentException if k is negative or above n
     */
    public int[] sampleWithoutReplacement(int n, int k) {
        if (k < 0 || k > n) {
            throw new IllegalArgumentException("cannot choose " + k + " of " + n);
        }
        BitSet chosen = new BitSet(n);
        for (int last = n - k; last < n; last++) {
            int candidate = below(last + 1);
            chosen.set(chosen.get(candidate) ? last : candidate);
        }
        int[] sample = new int[k];
        for (int i = 0, next = chosen.nextSetBit(0); i < k; i++, next = chosen.nextSetBit(next + 1)) {
            sample[i] = next;
        }
        return sample;
    }
}
