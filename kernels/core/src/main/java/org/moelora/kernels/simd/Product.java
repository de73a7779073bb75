package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Tile.COLS;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.moelora.kernels.cpu.HostMemory;
import org.moelora.kernels.cpu.Workers;

/**
 * One call of {@code C = alpha op(A) op(B) + beta C}, cut into a grid of tasks. After Goto and van de Geijn, "Anatomy of
 * High-Performance Matrix Multiplication" (2008): a block of B is packed into panels and stays in the second-level cache, a strip of A stays in
 * the first, and {@link Tile} multiplies them.
 *
 * <p>Every element of C is summed over the same blocks of the depth in the same order wherever it falls in the grid, so the result does not
 * depend on the number of threads.
 */
final class Product implements Workers.Task {
    /** Multiply-adds below which waking another thread takes longer than the product. */
    private static final long ALONE = 1 << 20;

    /** Multiply-adds that make a task long enough to be worth handing over. */
    private static final long TASK = 1 << 19;

    /** What moving an element into a pack costs when it must be transposed, against copied. */
    private static final long TRANSPOSED = 3;

    private final boolean transposeA;
    private final boolean transposeB;
    private final int m;
    private final int n;
    private final int k;
    private final float alpha;
    private final Source a;
    private final int lda;
    private final Source b;
    private final int ldb;
    private final @Nullable MemorySegment packed;
    private final MemorySegment c;
    private final int ldc;
    private final float beta;
    private final boolean add;
    private final Scratch.Pool pool;
    private int tasksDown = 1;
    private int tasksAcross = 1;

    Product(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            Source a,
            int lda,
            Source b,
            int ldb,
            @Nullable MemorySegment packed,
            float beta,
            MemorySegment c,
            int ldc,
            Scratch.Pool pool) {
        this.transposeA = transposeA;
        this.transposeB = transposeB;
        this.m = m;
        this.n = n;
        this.k = k;
        this.alpha = alpha;
        this.a = a;
        this.lda = lda;
        this.b = b;
        this.ldb = ldb;
        this.packed = packed;
        this.beta = beta;
        this.add = beta != 0;
        this.c = c;
        this.ldc = ldc;
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
        long packA = (long) m * (transposeA ? TRANSPOSED : 1);
        long packB = packed != null ? 0 : (long) n * (transposeB ? TRANSPOSED : 1);
        long best = Long.MAX_VALUE;
        for (int down = 1; down <= Math.min(tasks, strips); down++) {
            int across = Math.min(panels, (tasks + down - 1) / down);
            long cost = across * packA + down * packB;
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
            for (int block = 0; block < Panels.blocks(k); block++) {
                int from = Panels.from(k, block);
                int depth = Panels.from(k, block + 1) - from;
                for (int col = fromCol; col < toCol; col += Scratch.BLOCK) {
                    int cols = Math.min(Scratch.BLOCK, toCol - col);
                    MemorySegment panels = packed;
                    long at = 0;
                    if (panels == null) {
                        panels = s.panels;
                        Panels.pack(b, ldb, transposeB, col, cols, from, depth, s, panels, 0);
                    } else {
                        at = Panels.at(n, from, depth, col);
                    }
                    rows(fromRow, toRow, col, cols, from, depth, panels, at, block > 0 || add, s);
                }
            }
        } finally {
            pool.giveBack(s);
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

    private void rows(
            int fromRow,
            int toRow,
            int col,
            int cols,
            int from,
            int depth,
            MemorySegment panels,
            long at,
            boolean add,
            Scratch s) {
        long rowBytes = (long) ldc * Float.BYTES;
        for (int row = fromRow; row < toRow; row += Tile.ROWS) {
            int rows = Math.min(Tile.ROWS, toRow - row);
            if (transposeA) {
                Packing.stripTransposed(a, lda, row, rows, from, depth, s);
            } else {
                Packing.strip(a, lda, row, rows, from, depth, s.strip, s.narrow);
            }
            if (alpha != 1) {
                Packing.scale(alpha, rows, depth, s.strip);
            }
            for (int j = 0; j < cols; j += COLS) {
                long panel = at + (long) j * depth * Float.BYTES;
                long tile = row * rowBytes + (long) (col + j) * Float.BYTES;
                int width = Math.min(COLS, cols - j);
                if (width == COLS && Tile.isWhole(rows)) {
                    Tile.multiplyInto(rows, depth, s.strip, 0, panels, panel, add, c, tile, rowBytes);
                } else {
                    edge(rows, width, depth, panels, panel, add, tile, rowBytes, s);
                }
            }
        }
    }

    /** A tile that reaches beside C is multiplied elsewhere, from and to which its part of C is copied: the same sums in the same order. */
    private void edge(
            int rows,
            int width,
            int depth,
            MemorySegment panels,
            long panel,
            boolean add,
            long tile,
            long rowBytes,
            Scratch s) {
        long edgeRow = (long) COLS * Float.BYTES;
        long bytes = (long) width * Float.BYTES;
        if (add) {
            for (int i = 0; i < rows; i++) {
                MemorySegment.copy(c, tile + i * rowBytes, s.edge, i * edgeRow, bytes);
            }
        }
        Tile.multiplyInto(rows, depth, s.strip, 0, panels, panel, add, s.edge, 0, edgeRow);
        for (int i = 0; i < rows; i++) {
            MemorySegment.copy(s.edge, i * edgeRow, c, tile + i * rowBytes, bytes);
        }
    }
}
