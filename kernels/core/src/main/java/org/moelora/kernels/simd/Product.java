package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Tile.COLS;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.Matrix;
import org.moelora.kernels.cpu.HostMemory;
import org.moelora.kernels.cpu.Workers;

/**
 * One call of {@code C = alpha A B + beta C}, cut into a grid of tasks. After Goto and van de Geijn, "Anatomy of
 * High-Performance Matrix Multiplication" (2008): parts of A and B are packed as {@link Tile} reads them, a block of B and a part of C stay in
 * the second-level cache, a strip of A in the first. Unlike there the depth is the inner loop, so that C is read and written from memory once.
 *
 * <p>Every element of C is summed over the same blocks of the depth in the same order wherever it falls in the grid, so the result does not
 * depend on the number of threads.
 */
final class Product implements Workers.Task {
    /** Multiply-adds below which waking another thread takes longer than the product. */
    private static final long ALONE = 1 << 20;

    /** Multiply-adds that make a task long enough to be worth handing over. */
    private static final long TASK = 1 << 19;

    private final int m;
    private final int n;
    private final int k;
    private final float alpha;
    private final Factor a;
    private final Factor b;
    private final @Nullable MemorySegment packed;
    private final MemorySegment c;
    private final int ldc;
    private final float beta;
    private final boolean add;
    private final Pool<Scratch> pool;
    private int tasksDown = 1;
    private int tasksAcross = 1;

    /**
     * @param packed B as {@link Panels}, or null if it has yet to be packed
     */
    Product(float alpha, Factor a, Factor b, @Nullable MemorySegment packed, float beta, Matrix c, Pool<Scratch> pool) {
        this.m = c.rows();
        this.n = c.cols();
        this.k = a.cols();
        this.alpha = alpha;
        this.a = a;
        this.b = b;
        this.packed = packed;
        this.beta = beta;
        this.add = beta != 0;
        this.c = Source.from(c);
        this.ldc = c.leading();
        this.pool = pool;
    }

    void run(Workers workers) {
        if (m == 0 || n == 0) {
            return;
        }
        if (beta != 0 && beta != 1) {
            scale();
        }
        long work = (long) m * n * Math.max(k, 1);
        if (workers.threads() > 1 && work >= ALONE) {
            split((int) Math.min(4L * workers.threads(), Math.max(workers.threads(), work / TASK)));
        }
        workers.run(tasksDown * tasksAcross, this);
    }

    /**
     * Chooses the grid. Tasks side by side each pack the same rows of A, tasks below one another the same columns of B; of all grids with
     * enough tasks, the one that packs least twice is taken.
     */
    private void split(int tasks) {
        int strips = (m + Tile.ROWS - 1) / Tile.ROWS;
        int panels = (n + COLS - 1) / COLS;
        long packB = packed == null ? n : 0;
        long best = Long.MAX_VALUE;
        for (int down = 1; down <= Math.min(tasks, strips); down++) {
            int across = Math.min(panels, (tasks + down - 1) / down);
            long cost = (long) across * m + down * packB;
            if ((long) down * across >= Math.min(tasks, (long) strips * panels) && cost < best) {
                best = cost;
                tasksDown = down;
                tasksAcross = across;
            }
        }
    }

    @Override
    public void run(int task) {
        int down = task / tasksAcross;
        int across = task % tasksAcross;
        int fromRow = share(m, Tile.ROWS, down, tasksDown);
        int toRow = share(m, Tile.ROWS, down + 1, tasksDown);
        int fromCol = share(n, COLS, across, tasksAcross);
        int toCol = share(n, COLS, across + 1, tasksAcross);
        Scratch s = pool.take();
        try {
            int blocks = Panels.blocks(k);
            for (int first = 0; first < blocks; first += Scratch.BLOCKS) {
                int end = Math.min(blocks, first + Scratch.BLOCKS);
                for (int col = fromCol; col < toCol; col += Scratch.WIDE) {
                    int cols = Math.min(Scratch.WIDE, toCol - col);
                    if (packed == null) {
                        packB(first, end, col, cols, s);
                    }
                    for (int row = fromRow; row < toRow; row += Scratch.ROWS) {
                        int rows = Math.min(Scratch.ROWS, toRow - row);
                        packA(first, end, row, rows, s);
                        multiply(first, end, row, rows, col, cols, s);
                    }
                }
            }
        } finally {
            pool.free(s);
        }
    }

    private void packB(int first, int end, int col, int cols, Scratch s) {
        for (int block = first; block < end; block++) {
            int from = Panels.from(k, block);
            int depth = Panels.from(k, block + 1) - from;
            for (int j = 0; j < cols; j += Scratch.COLS) {
                int width = Math.min(Scratch.COLS, cols - j);
                long at = Scratch.panelsAt(block - first) + (long) j * depth * Float.BYTES;
                Panels.pack(b, col + j, width, from, depth, s, s.panels(), at);
            }
        }
    }

    private void packA(int first, int end, int row, int rows, Scratch s) {
        for (int block = first; block < end; block++) {
            int from = Panels.from(k, block);
            int depth = Panels.from(k, block + 1) - from;
            int at = Scratch.stripAt(0, block - first);
            if (a.transposed()) {
                Packing.stripsTransposed(a.numbers(), a.leading(), row, rows, from, depth, s, s.strips(), at);
            } else {
                Packing.strip(a.numbers(), a.leading(), row, rows, from, depth, s.strips(), at, s.narrow);
            }
            if (alpha != 1) {
                Packing.scale(alpha, rows, depth, s.strips(), at);
            }
        }
    }

    /** All packed blocks of the depth are added to a part of C before the next, so that it stays in the second-level cache. */
    private void multiply(int first, int end, int row, int rows, int col, int cols, Scratch s) {
        for (int j = 0; j < cols; j += Scratch.COLS) {
            int width = Math.min(Scratch.COLS, cols - j);
            for (int block = first; block < end; block++) {
                int from = Panels.from(k, block);
                int depth = Panels.from(k, block + 1) - from;
                MemorySegment panels = packed == null ? s.panels() : packed;
                long at = packed == null
                        ? Scratch.panelsAt(block - first) + (long) j * depth * Float.BYTES
                        : Panels.at(n, from, depth, col + j);
                tiles(depth, s.strips(), block - first, panels, at, block > 0 || add, row, rows, col + j, width, s);
            }
        }
    }

    private void tiles(
            int depth,
            float[] strips,
            int block,
            MemorySegment panels,
            long panelsAt,
            boolean more,
            int row,
            int rows,
            int col,
            int cols,
            Scratch s) {
        long rowBytes = (long) ldc * Float.BYTES;
        for (int i = 0; i < rows; i += Tile.ROWS) {
            int height = Math.min(Tile.ROWS, rows - i);
            int strip = Scratch.stripAt(i, block);
            for (int j = 0; j < cols; j += COLS) {
                int width = Math.min(COLS, cols - j);
                long panel = panelsAt + (long) j * depth * Float.BYTES;
                long tile = (row + i) * rowBytes + (long) (col + j) * Float.BYTES;
                if (width == COLS && Tile.isWhole(height)) {
                    Tile.multiplyInto(height, depth, strips, strip, panels, panel, more, c, tile, rowBytes);
                } else {
                    edge(height, width, depth, strips, strip, panels, panel, more, tile, s);
                }
            }
        }
    }

    /** A tile that reaches beside C is multiplied elsewhere, from and to which its part of C is copied: the same sums in the same order. */
    private void edge(
            int height,
            int width,
            int depth,
            float[] strips,
            int strip,
            MemorySegment panels,
            long panel,
            boolean more,
            long tile,
            Scratch s) {
        long rowBytes = (long) ldc * Float.BYTES;
        long edgeRow = (long) COLS * Float.BYTES;
        long bytes = (long) width * Float.BYTES;
        if (more) {
            for (int i = 0; i < height; i++) {
                MemorySegment.copy(c, tile + i * rowBytes, s.edge, i * edgeRow, bytes);
            }
        }
        Tile.multiplyInto(height, depth, strips, strip, panels, panel, more, s.edge, 0, edgeRow);
        for (int i = 0; i < height; i++) {
            MemorySegment.copy(s.edge, i * edgeRow, c, tile + i * rowBytes, bytes);
        }
    }

    /** {@code C = beta C}: rare, so that the tile knows only to add or not. */
    private void scale() {
        for (int i = 0; i < m; i++) {
            for (long at = (long) i * ldc; at < (long) i * ldc + n; at++) {
                HostMemory.set(c, at, beta * HostMemory.get(c, at));
            }
        }
    }

    /** Where share {@code i} of {@code shares} begins when {@code length} is dealt out in whole units. */
    private static int share(int length, int unit, int i, int shares) {
        long units = ((long) length + unit - 1) / unit;
        return (int) Math.min(length, units * i / shares * unit);
    }
}
