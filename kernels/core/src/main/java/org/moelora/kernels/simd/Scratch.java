package org.moelora.kernels.simd;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import org.moelora.kernels.cpu.Buffers;

/** The buffers of one running task of a matrix product. Sizes are fixed, so a buffer fits every product. */
final class Scratch {
    /** Columns of B that are packed at a time: with {@link Tile#DEPTH} rows well within a second-level cache. */
    static final int BLOCK = 256;

    /** Elements of the few rows that {@link FewRows} multiplies: eight rows of 8,192. */
    static final int INPUT = FewRows.MAX * 8192;

    /** Rows of op(A) of one tile, each {@link Tile#STRIDE} long. */
    final float[] strip = new float[Tile.ROWS * Tile.STRIDE];

    /** One panel on its way to {@link #panels}. */
    final float[] panel = new float[Tile.DEPTH * Tile.COLS];

    /** Runs of a matrix on their way into a strip or a panel. */
    final float[] stage = new float[Math.max(INPUT, Tile.COLS * Tile.STRIDE)];

    /** Elements in a narrow format on their way to float32. */
    final short[] narrow = new short[1024];

    /** One finished tile. */
    final float[] tile = new float[Tile.ROWS * Tile.COLS];

    /** A block of op(B), laid out as {@link Panels} says. */
    final MemorySegment panels;

    /** A tile that reaches beside C. */
    final MemorySegment edge;

    Scratch(Buffers buffers) {
        panels = buffers.allocate((long) BLOCK * Tile.DEPTH * Float.BYTES);
        edge = buffers.allocate((long) Tile.ROWS * Tile.COLS * Float.BYTES);
    }

    /** Buffers between tasks; there are never more than tasks that ran at once. */
    static final class Pool {
        private final Buffers buffers;
        private final ArrayDeque<Scratch> free = new ArrayDeque<>();

        Pool(Buffers buffers) {
            this.buffers = buffers;
        }

        synchronized Scratch take() {
            Scratch scratch = free.poll();
            return scratch == null ? new Scratch(buffers) : scratch;
        }

        synchronized void giveBack(Scratch scratch) {
            free.push(scratch);
        }
    }
}
