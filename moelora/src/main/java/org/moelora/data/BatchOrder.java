package org.moelora.data;

import java.util.Arrays;
import org.moelora.engine.random.RandomStream;

/**
 * Which rows make which batch: epoch by epoch, each in an order of its own that the seed decides, or in file order. The last batch of
 * an epoch is smaller if the rows do not divide. A pure function of its arguments; used by one thread.
 */
public final class BatchOrder {
    private final int rows;
    private final int batchSize;
    private final boolean shuffle;
    private final long seed;
    private long orderedEpoch = -1;
    private int[] order = new int[0];

    /**
     * @param rows number of rows, at least 1
     * @param batchSize rows per batch, at least 1
     */
    public BatchOrder(int rows, int batchSize, boolean shuffle, long seed) {
        if (rows < 1 || batchSize < 1) {
            throw new IllegalArgumentException(rows + " rows in batches of " + batchSize);
        }
        this.rows = rows;
        this.batchSize = batchSize;
        this.shuffle = shuffle;
        this.seed = seed;
    }

    public int batchesPerEpoch() {
        return Math.ceilDiv(rows, batchSize);
    }

    /** Indices of the rows of batch {@code index}, counted from 0 over all epochs. */
    public int[] batch(long index) {
        long epoch = index / batchesPerEpoch();
        if (epoch != orderedEpoch) {
            order = new int[rows];
            Arrays.setAll(order, i -> i);
            if (shuffle) {
                RandomStream.of(seed, epoch, "order").shuffle(order);
            }
            orderedEpoch = epoch;
        }
        int from = (int) (index % batchesPerEpoch()) * batchSize;
        return Arrays.copyOfRange(order, from, Math.min(rows, from + batchSize));
    }
}
