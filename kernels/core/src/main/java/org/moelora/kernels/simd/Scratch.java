package org.moelora.kernels.simd;

import java.util.ArrayDeque;

/** The buffers of one running task of a matrix product. Sizes are fixed, so a buffer fits every product. */
final class Scratch {
    /** Columns of B that are packed at a time: with {@link Tile#DEPTH} rows half of a usual second-level cache. */
    static final int BLOCK = 512;

    /** Rows of a transposed A that are read at a time. */
    static final int GROUP = 64;

    /** Elements of the few rows that {@link FewRows} multiplies: eight rows of 8,192. */
    static final int INPUT = FewRows.MAX * 8192;

    /** Rows of op(A) of one tile, each {@link Tile#STRIDE} long. */
    final float[] strip = new float[Tile.ROWS * Tile.STRIDE];

    /** Panels of op(B): {@code [panel][depth][Tile.COLS]}. */
    final float[] panels = new float[BLOCK * Tile.DEPTH];

    /** Runs of a matrix on their way into a strip or a panel. */
    final float[] stage = new float[Math.max(INPUT, Math.max(Tile.DEPTH * GROUP + Tile.ROWS, Tile.COLS * Tile.STRIDE))];

    /** Elements in a narrow format on their way to float32. */
    final short[] narrow = new short[1024];

    /** One finished tile. */
    final float[] tile = new float[Tile.ROWS * Tile.COLS];

    /** Buffers between tasks; there are never more than tasks that ran at once. */
    static final class Pool {
        private final ArrayDeque<Scratch> free = new ArrayDeque<>();

        synchronized Scratch take() {
            Scratch scratch = free.poll();
            return scratch == null ? new Scratch() : scratch;
        }

        synchronized void giveBack(Scratch scratch) {
            free.push(scratch);
        }
    }
}
