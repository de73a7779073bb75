package org.moelora.kernels.simd;

import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;
import static org.moelora.kernels.simd.Tile.COLS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
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
    private static final long TRANSPOSED = 6;

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
    private final float beta;
    private final MemorySegment c;
    private final int ldc;
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
        this.beta = beta;
        this.c = c;
        this.ldc = ldc;
        this.pool = pool;
    }

    void run(Workers workers) {
        if (m == 0 || n == 0) {
            return;
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
        long packB = (long) n * (transposeB ? TRANSPOSED : 1);
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
            int blocks = Math.max(1, (k + Tile.DEPTH - 1) / Tile.DEPTH);
            for (int block = 0; block < blocks; block++) {
                int from = (int) ((long) k * block / blocks);
                int depth = (int) ((long) k * (block + 1) / blocks) - from;
                for (int col = fromCol; col < toCol; col += Scratch.BLOCK) {
                    int cols = Math.min(Scratch.BLOCK, toCol - col);
                    if (transposeB) {
                        Packing.panelsTransposed(b, ldb, col, cols, from, depth, s, s.panels, 0);
                    } else {
                        Packing.panels(b, ldb, col, cols, from, depth, s, s.panels, 0);
                    }
                    rows(fromRow, toRow, col, cols, from, depth, block == 0 ? beta : 1, s);
                }
            }
        } finally {
            pool.giveBack(s);
        }
    }

    /** Where share {@code i} of {@code shares} begins when {@code length} is dealt out in whole units. */
    private static int share(int length, int unit, int i, int shares) {
        long units = ((long) length + unit - 1) / unit;
        return (int) Math.min(length, units * i / shares * unit);
    }

    private void rows(int fromRow, int toRow, int col, int cols, int from, int depth, float factor, Scratch s) {
        for (int row = fromRow; row < toRow; row += Tile.ROWS) {
            int rows = Math.min(Tile.ROWS, toRow - row);
            int inGroup = (row - fromRow) % Scratch.GROUP;
            if (!transposeA) {
                Packing.strip(a, lda, row, rows, from, depth, s.strip, s.narrow);
            } else if (inGroup == 0) {
                Packing.group(a, lda, row, Math.min(Scratch.GROUP, toRow - row), from, depth, s);
            }
            for (int j = 0; j < cols; j += COLS) {
                if (transposeA) {
                    Tile.multiplyTransposed(rows, depth, s.stage, inGroup, Scratch.GROUP, s.panels, j * depth, s.tile);
                } else {
                    Tile.multiply(rows, depth, s.strip, 0, s.panels, j * depth, s.tile);
                }
                store(s.tile, rows, Math.min(COLS, cols - j), (long) row * ldc + col + j, factor);
            }
        }
    }

    /** {@code C = alpha tile + factor C} on the part of the tile that lies in C. */
    private void store(float[] tile, int rows, int cols, long at, float factor) {
        for (int i = 0; i < rows; i++) {
            long row = (at + (long) i * ldc) * Float.BYTES;
            int j = 0;
            for (; j + COUNT <= cols; j += COUNT) {
                FloatVector sum =
                        FloatVector.fromArray(FLOATS, tile, i * COLS + j).mul(alpha);
                if (factor != 0) {
                    sum = FloatVector.fromMemorySegment(FLOATS, c, row + (long) j * Float.BYTES, ORDER)
                            .fma(FloatVector.broadcast(FLOATS, factor), sum);
                }
                sum.intoMemorySegment(c, row + (long) j * Float.BYTES, ORDER);
            }
            if (j < cols) {
                VectorMask<Float> rest = FLOATS.indexInRange(j, cols);
                FloatVector sum =
                        FloatVector.fromArray(FLOATS, tile, i * COLS + j).mul(alpha);
                if (factor != 0) {
                    sum = FloatVector.fromMemorySegment(FLOATS, c, row + (long) j * Float.BYTES, ORDER, rest)
                            .fma(FloatVector.broadcast(FLOATS, factor), sum);
                }
                sum.intoMemorySegment(c, row + (long) j * Float.BYTES, ORDER, rest);
            }
        }
    }
}
