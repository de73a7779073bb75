package org.moelora.kernels.simd;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.cpu.Buffers;

/** The buffers of one running task of a matrix product. Sizes are fixed, so a buffer fits every product. */
final class Scratch {
    /** Columns of op(B) that a strip of A passes: with {@link Tile#DEPTH} rows well within a second-level cache. */
    static final int COLS = 256;

    /** Columns of op(B) that are packed at a time: for these a strip is packed once. */
    static final int WIDE = 4 * COLS;

    /** Rows of op(A) that are packed at a time: {@link #COLS} columns of as many rows of C stay in that cache too. */
    static final int ROWS = 128;

    /** Blocks of the depth that are packed at a time. */
    static final int BLOCKS = 2;

    /** Elements of the few rows that {@link FewRows} multiplies: eight rows of 8,192. */
    static final int INPUT = FewRows.MAX * 8192;

    /** One panel on its way to {@link #panels}. */
    final float[] panel = new float[Tile.DEPTH * Tile.COLS];

    /** Runs of a matrix on their way into a strip or a panel. */
    final float[] stage = new float[Math.max(INPUT, Tile.COLS * Tile.STRIDE)];

    /** Elements in a narrow format on their way to float32. */
    final short[] narrow = new short[1024];

    /** One finished tile. */
    final float[] tile = new float[Tile.ROWS * Tile.COLS];

    /** A tile that reaches beside C. */
    final MemorySegment edge;

    private final Buffers buffers;
    private @Nullable MemorySegment panels;
    private float @Nullable [] strips;

    Scratch(Buffers buffers) {
        this.buffers = buffers;
        edge = buffers.allocate((long) Tile.ROWS * Tile.COLS * Float.BYTES);
    }

    /** Panels of {@link #WIDE} columns of op(B); those of block i of the depth from byte {@link #panelsAt} on. */
    MemorySegment panels() {
        MemorySegment known = panels;
        if (known == null) {
            known = buffers.allocate(panelsAt(BLOCKS));
            panels = known;
        }
        return known;
    }

    static long panelsAt(int block) {
        return (long) block * WIDE * Tile.DEPTH * Float.BYTES;
    }

    /** Strips of {@link #ROWS} rows of op(A), each of {@link Tile#ROWS} rows that are {@link Tile#STRIDE} long. */
    float[] strips() {
        float[] known = strips;
        if (known == null) {
            known = new float[ROWS * BLOCKS * Tile.STRIDE];
            strips = known;
        }
        return known;
    }

    /** Where the strip of row i stands, for a block of the depth. */
    static int stripAt(int row, int block) {
        return (block * ROWS + row) * Tile.STRIDE;
    }
}
