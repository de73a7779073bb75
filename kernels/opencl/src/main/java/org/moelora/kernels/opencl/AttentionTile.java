package org.moelora.kernels.opencl;

import java.util.List;

/**
 * How many rows lie in local memory at a time: constants of {@code attention.cl}.
 *
 * @param own rows, or keys, that a group owns
 * @param staged rows of the other side that it sees at a time
 * @param lanes items beside each other
 * @param dim headDim filled up to a multiple of lanes
 */
record AttentionTile(int own, int staged, int lanes, int dim) {
    /** Items below each other. */
    static final int BANDS = 8;

    /** Local memory that every card has, and that lets several groups share a unit's. */
    private static final long USUAL_BYTES = 32 << 10;

    /**
     * What a device allows.
     *
     * @param localBytes local memory of one group
     * @param usualBytes what of it a group takes unless it cannot do with it
     * @param group the most items in one
     */
    record Limits(long localBytes, long usualBytes, int group) {
        /** A processor's local memory is its ordinary memory, which is not shared. */
        static Limits of(Platforms.Listed device) {
            long usual = device.gpu() ? Math.min(USUAL_BYTES, device.localMemory()) : device.localMemory();
            return new Limits(device.localMemory(), usual, device.group());
        }
    }

    /** Sizes without {@code dim}, the largest first. */
    private static final List<AttentionTile> CANDIDATES = List.of(
            new AttentionTile(32, 32, 16, 0),
            new AttentionTile(16, 32, 16, 0),
            new AttentionTile(16, 16, 16, 0),
            new AttentionTile(8, 32, 16, 0),
            new AttentionTile(8, 16, 16, 0),
            new AttentionTile(8, 8, 8, 0));

    /**
     * The largest that leaves room for others, and is not larger than the rows there are; for very wide heads the smallest, alone.
     *
     * @param rows the most rows of one sequence and key/value head
     * @throws IllegalArgumentException if the head is too wide for the device
     */
    static AttentionTile of(int headDim, int rows, Limits limits) {
        for (AttentionTile candidate : CANDIDATES) {
            AttentionTile tile = candidate.forWidth(headDim);
            if (tile.items() <= limits.group
                    && tile.localBytes() <= limits.usualBytes
                    && (tile.own == BANDS || tile.own / 2 < rows)) {
                return tile;
            }
        }
        AttentionTile least = CANDIDATES.getLast().forWidth(headDim);
        if (least.items() > limits.group || least.localBytes() > limits.localBytes) {
            throw new IllegalArgumentException("attention over heads of " + headDim + " takes " + least.localBytes()
                    + " bytes of local memory and groups of " + least.items() + " items; this device has "
                    + limits.localBytes + " bytes and groups of " + limits.group);
        }
        return least;
    }

    private AttentionTile forWidth(int headDim) {
        return new AttentionTile(own, staged, lanes, Math.ceilDiv(headDim, lanes) * lanes);
    }

    int items() {
        return BANDS * lanes;
    }

    /** Of the backward pass: keys and values, or queries and gradients, of what is owned; what is staged; a tile of scores. */
    long localBytes() {
        return Float.BYTES * ((2L * own + staged) * (dim + 4) + (long) staged * (own + 4));
    }

    String constants() {
        return "-DOWN=" + own + " -DSTAGED=" + staged + " -DLANES=" + lanes + " -DDIM=" + dim;
    }
}
