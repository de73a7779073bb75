package org.moelora.kernels;

import java.util.Arrays;

/**
 * Which query rows look at which key rows. Sequence s owns the query rows {@code queryStart[s] .. queryStart[s + 1]} and the
 * key/value rows {@code keyStart[s] .. keyStart[s] + keyLength[s]}. Its last query stands at its last key: query i of n sees the
 * keys {@code 0 .. keyLength - n + i}. Training, prefill and decoding with a cache differ only in these numbers.
 *
 * <p>Immutable; the arrays are copied in and must not be written when read.
 *
 * @param queryStart [sequences + 1], ascending from 0
 * @param keyStart [sequences], not negative
 * @param keyLength [sequences], each at least the sequence's number of queries
 */
public record Ragged(int[] queryStart, int[] keyStart, int[] keyLength) {
    public Ragged {
        queryStart = queryStart.clone();
        keyStart = keyStart.clone();
        keyLength = keyLength.clone();
        int sequences = keyStart.length;
        if (queryStart.length != sequences + 1 || keyLength.length != sequences || queryStart[0] != 0) {
            throw new IllegalArgumentException(
                    "ragged rows need n + 1 query starts from 0, n key starts and n key lengths");
        }
        for (int s = 0; s < sequences; s++) {
            int queries = queryStart[s + 1] - queryStart[s];
            if (queries < 0 || keyStart[s] < 0 || keyLength[s] < queries) {
                throw new IllegalArgumentException("sequence " + s + " has " + queries + " queries on " + keyLength[s]
                        + " keys from row " + keyStart[s]);
            }
        }
    }

    /** Every sequence attends to itself: {@code starts [sequences + 1]} are the row starts of queries, keys and values alike. */
    public static Ragged self(int... starts) {
        int sequences = starts.length - 1;
        int[] length = new int[sequences];
        for (int s = 0; s < sequences; s++) {
            length[s] = starts[s + 1] - starts[s];
        }
        return new Ragged(starts, Arrays.copyOf(starts, sequences), length);
    }

    public int sequences() {
        return keyStart.length;
    }

    /** All query rows together. */
    public int queries() {
        return queryStart[sequences()];
    }

    /** One past the largest key row that is looked at. */
    public int keyRows() {
        int rows = 0;
        for (int s = 0; s < sequences(); s++) {
            rows = Math.max(rows, keyStart[s] + keyLength[s]);
        }
        return rows;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Ragged that
                && Arrays.equals(queryStart, that.queryStart)
                && Arrays.equals(keyStart, that.keyStart)
                && Arrays.equals(keyLength, that.keyLength);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(queryStart) * 31 + Arrays.hashCode(keyStart);
    }

    @Override
    public String toString() {
        return "Ragged[queryStart=" + Arrays.toString(queryStart) + ", keyStart=" + Arrays.toString(keyStart)
                + ", keyLength=" + Arrays.toString(keyLength) + "]";
    }
}
