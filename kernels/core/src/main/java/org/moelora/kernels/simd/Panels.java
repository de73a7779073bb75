package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;
import static org.moelora.kernels.simd.Tile.COLS;
import static org.moelora.kernels.simd.Tile.STRIDE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import org.moelora.kernels.cpu.Workers;

/**
 * B {@code [k, n]} as {@link Tile#multiplyInto} reads it: the depth is cut into {@link #blocks} of nearly the same size, a block into panels
 * of {@link Tile#COLS} columns, and a panel is {@code [depth][COLS]} without gaps. The last panel's missing columns hold anything.
 */
final class Panels {
    private Panels() {}

    /** How many blocks a depth of k is cut into. */
    static int blocks(int k) {
        return Math.max(1, (k + Tile.DEPTH - 1) / Tile.DEPTH);
    }

    /** Where a block begins; that of number {@code blocks(k)} is k. */
    static int from(int k, int block) {
        return (int) ((long) k * block / blocks(k));
    }

    /** n rounded up to whole panels. */
    static int padded(int n) {
        return Math.ceilDiv(n, COLS) * COLS;
    }

    /** Elements of a whole matrix in this layout. */
    static long length(int n, int k) {
        return (long) padded(n) * k;
    }

    /** The byte at which the panel of column {@code col} of a block that begins at depth {@code from} lies in a whole matrix. */
    static long at(int n, int from, int depth, int col) {
        return ((long) from * padded(n) + (long) col * depth) * Float.BYTES;
    }

    /** Packs a whole matrix. */
    static void packAll(Workers workers, Pool<Scratch> pool, Factor b, MemorySegment to) {
        int n = b.cols();
        int k = b.rows();
        int strips = Math.ceilDiv(n, Scratch.COLS);
        workers.run(blocks(k) * strips, task -> {
            int from = from(k, task / strips);
            int depth = from(k, task / strips + 1) - from;
            int col = task % strips * Scratch.COLS;
            Scratch s = pool.take();
            try {
                int cols = Math.min(Scratch.COLS, n - col);
                pack(b, col, cols, from, depth, s, to, at(n, from, depth, col));
            } finally {
                pool.free(s);
            }
        });
    }

    /** Packs the columns {@code col .. col + cols}, at most {@link Scratch#COLS}, of one block, to byte {@code at}. */
    static void pack(Factor b, int col, int cols, int from, int depth, Scratch s, MemorySegment to, long at) {
        if (b.transposed()) {
            packTransposed(b.numbers(), b.leading(), col, cols, from, depth, s, to, at);
        } else {
            packRows(b.numbers(), b.leading(), col, cols, from, depth, s, to, at);
        }
    }

    private static void packRows(
            Source b, int ldb, int col, int cols, int from, int depth, Scratch s, MemorySegment to, long at) {
        long panel = (long) depth * COLS * Float.BYTES;
        for (int p = 0; p < depth; p++) {
            b.read((long) (from + p) * ldb + col, cols, s.stage, 0, s.narrow);
            long row = at + (long) p * COLS * Float.BYTES;
            for (int j = 0; j < cols; j += COLS) {
                FloatVector.fromArray(FLOATS, s.stage, j).intoMemorySegment(to, row, ORDER);
                FloatVector.fromArray(FLOATS, s.stage, j + COUNT)
                        .intoMemorySegment(to, row + (long) COUNT * Float.BYTES, ORDER);
                row += panel;
            }
        }
    }

    private static void packTransposed(
            Source b, int ldb, int col, int cols, int from, int depth, Scratch s, MemorySegment to, long at) {
        for (int j = 0; j < cols; j += COLS) {
            int width = Math.min(COLS, cols - j);
            for (int i = 0; i < width; i++) {
                b.read((long) (col + j + i) * ldb + from, depth, s.stage, i * STRIDE, s.narrow);
            }
            Transpose.apply(COLS, depth, s.stage, STRIDE, s.panel, 0, COLS);
            MemorySegment.copy(
                    s.panel, 0, to, ValueLayout.JAVA_FLOAT, at + (long) j * depth * Float.BYTES, depth * COLS);
        }
    }
}
