package org.moelora.text;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The merges: from a pair of neighbouring ids to the merge's rank (a lower one goes first) and the id that it makes. An
 * open-addressing table, because a vocabulary has hundreds of thousands of merges and each letter of a text asks twice.
 * Written once while it is filled, then only read.
 */
final class PairTable {
    private static final long FREE = -1;

    /** Different each time, so that no file can put all of its merges in one place; what is found does not depend on it. */
    private final long salt = new SplittableRandom().nextLong();

    private final long[] keys;
    private final int[] ranks;
    private final int[] results;

    /** Makes room for so many merges. */
    PairTable(int merges) {
        int size = Integer.highestOneBit(Math.max(8, 2 * merges)) * 2;
        keys = new long[size];
        Arrays.fill(keys, FREE);
        ranks = new int[size];
        results = new int[size];
    }

    /** The merge of {@code left} and {@code right}; a later one for the same pair takes the earlier one's place. */
    void put(int left, int right, int rank, int result) {
        int slot = slot(key(left, right));
        keys[slot] = key(left, right);
        ranks[slot] = rank;
        results[slot] = result;
    }

    /** The rank of merging the two, or -1 if they do not merge. */
    int rank(int left, int right) {
        int slot = slot(key(left, right));
        return keys[slot] == FREE ? -1 : ranks[slot];
    }

    /** The id that merging the two makes, which do merge. */
    int result(int left, int right) {
        return results[slot(key(left, right))];
    }

    /** The ids that merges make, in no order. */
    IntStream results() {
        return IntStream.range(0, keys.length)
                .filter(slot -> keys[slot] != FREE)
                .map(slot -> results[slot]);
    }

    private int slot(long key) {
        long mixed = (key ^ salt) * 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
        int slot = (int) (mixed >>> 32) & (keys.length - 1);
        while (keys[slot] != FREE && keys[slot] != key) {
            slot = (slot + 1) & (keys.length - 1);
        }
        return slot;
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }
}
