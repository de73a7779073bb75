package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.cpu.HostMemory.set;
import static org.moelora.kernels.simd.AttentionScratch.atLeast;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Lanes.ORDER;
import static org.moelora.kernels.simd.Tile.COLS;
import static org.moelora.kernels.simd.Tile.DEPTH;
import static org.moelora.kernels.simd.Tile.ROWS;
import static org.moelora.kernels.simd.Tile.STRIDE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Ragged;
import org.moelora.kernels.cpu.Workers;

/**
 * The forward pass; a task is one sequence and one key/value head with the query heads that read it, or, where that makes fewer tasks than
 * threads can share evenly, with one of them. A strip of queries is multiplied with
 * packed K^T, softmax runs over the strip, and the probabilities are multiplied with packed V; scores never leave the cache.
 */
final class AttentionForward implements Workers.Task {
    /** Queries of a sequence up to which packing its keys costs more than dot products; at most {@link Tile#ROWS}. */
    private static final int FEW = 2;

    private final Attention.Plan plan;
    private final MemorySegment qs;
    private final MemorySegment ks;
    private final MemorySegment vs;
    private final MemorySegment os;
    private final MemorySegment ls;
    private final Pool<AttentionScratch> pool;
    private final int parts;
    private final int dim;
    private final int group;
    private final int ldq;
    private final int ldk;

    /** @param parts tasks that share a key/value head: 1, or the query heads that read it */
    AttentionForward(
            Attention.Plan plan,
            MemorySegment qs,
            MemorySegment ks,
            MemorySegment vs,
            MemorySegment os,
            MemorySegment ls,
            int parts,
            Pool<AttentionScratch> pool) {
        this.plan = plan;
        this.qs = qs;
        this.ks = ks;
        this.vs = vs;
        this.os = os;
        this.ls = ls;
        this.parts = parts;
        this.pool = pool;
        this.dim = plan.headDim();
        this.group = plan.heads() / plan.kvHeads();
        this.ldq = plan.heads() * dim;
        this.ldk = plan.kvHeads() * dim;
    }

    @Override
    public void run(int task) {
        int sequence = task / (plan.kvHeads() * parts);
        int part = task % (plan.kvHeads() * parts);
        int kvHead = part / parts;
        int heads = group / parts;
        int firstHead = part * heads;
        Ragged rows = plan.rows();
        int first = rows.queryStart()[sequence];
        int queries = rows.queryStart()[sequence + 1] - first;
        if (queries == 0) {
            return;
        }
        AttentionScratch s = pool.take();
        try {
            int key = rows.keyStart()[sequence];
            int keys = rows.keyLength()[sequence];
            s.probabilities = atLeast(s.probabilities, (keys + DEPTH - 1) / DEPTH * ROWS * STRIDE);
            if (queries > FEW) {
                pack(kvHead, key, keys, s);
            }
            for (int head = firstHead; head < firstHead + heads; head++) {
                if (queries <= FEW) {
                    few(head, first, queries, kvHead, key, keys, s);
                } else {
                    for (int q = 0; q < queries; q += ROWS) {
                        int height = Math.min(ROWS, queries - q);
                        strip(head, first + q, height, keys - queries + q + 1, keys, s);
                    }
                }
            }
        } finally {
            pool.free(s);
        }
    }

    private void pack(int kvHead, int key, int keys, AttentionScratch s) {
        s.keysTransposed = atLeast(s.keysTransposed, Packing.panelLength(keys, dim));
        s.values = atLeast(s.values, Packing.panelLength(dim, keys));
        int col = kvHead * dim;
        Packing.panelsTransposed(new Source.Leased(ks), ldk, key, keys, col, dim, s.packing, s.keysTransposed, 0);
        Source values = new Source.Leased(vs);
        for (int block = 0; block < keys; block += DEPTH) {
            int depth = Math.min(DEPTH, keys - block);
            int at = Packing.panelLength(dim, block);
            Packing.panels(values, ldk, col, dim, key + block, depth, s.packing, s.values, at);
        }
    }

    /** Query rows {@code query .. query + height} of which the first sees {@code sees} keys. */
    private void strip(int head, int query, int height, int sees, int keys, AttentionScratch s) {
        Packing.strip(new Source.Leased(qs), ldq, query, height, head * dim, dim, s.queries, 0, s.packing.narrow);
        int most = sees + height - 1;
        int hidden = Math.max(0, sees - plan.window()); // keys before the first query's window are before all of them
        int start = hidden / DEPTH * DEPTH;
        float[] p = s.probabilities;
        for (int j = hidden / COLS * COLS; j < most; j += COLS) {
            Tile.multiply(height, dim, s.queries, 0, s.keysTransposed, j * dim, s.scoreTile);
            int at = j / DEPTH * ROWS * STRIDE + j % DEPTH;
            for (int i = 0; i < height; i++) {
                System.arraycopy(s.scoreTile, i * COLS, p, at + i * STRIDE, COLS);
            }
        }
        for (int i = 0; i < height; i++) {
            int before = Math.max(0, sees + i - plan.window());
            softmax(p, i * STRIDE, start, before, sees + i, most, (long) (query + i) * plan.heads() + head);
        }
        float[] t = s.packing.tile;
        for (int d = 0; d < dim; d += COLS) {
            int width = Math.min(COLS, dim - d);
            for (int block = start; block < most; block += DEPTH) {
                int packed = Math.min(DEPTH, keys - block);
                int at = Packing.panelLength(dim, block) + d * packed;
                int depth = Math.min(DEPTH, most - block);
                Tile.multiply(height, depth, p, block / DEPTH * ROWS * STRIDE, s.values, at, t);
                for (int i = 0; i < height; i++) {
                    long o = (long) (query + i) * ldq + (long) head * dim + d;
                    Rowwise.store(t, i * COLS, width, os, o, block > start);
                }
            }
        }
    }

    /**
     * Turns the scores {@code hidden .. n} into probabilities, and writes their log-sum-exp.
     *
     * @param start the first block, which begins at or before {@code hidden}; from here to {@code hidden}, and from n to {@code end}, are zeros
     */
    private void softmax(float[] p, int at, int start, int hidden, int n, int end, long lse) {
        float scale = plan.scale();
        FloatVector most = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int block = start; block < n; block += DEPTH) {
            int from = at + block / DEPTH * ROWS * STRIDE;
            int length = Math.min(DEPTH, n - block);
            int padded = (length + COUNT - 1) / COUNT * COUNT;
            for (int j = 0; j < length; j += COUNT) {
                FloatVector.fromArray(FLOATS, p, from + j).mul(scale).intoArray(p, from + j);
            }
            Arrays.fill(p, from + length, from + padded, Float.NEGATIVE_INFINITY);
            Arrays.fill(p, from, from + Math.clamp(hidden - block, 0, length), Float.NEGATIVE_INFINITY);
            for (int j = 0; j < length; j += COUNT) {
                most = most.max(FloatVector.fromArray(FLOATS, p, from + j));
            }
        }
        float max = most.reduceLanes(VectorOperators.MAX);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int block = start; block < n; block += DEPTH) {
            int from = at + block / DEPTH * ROWS * STRIDE;
            int length = Math.min(DEPTH, n - block);
            for (int j = 0; j < length; j += COUNT) {
                FloatVector e =
                        Exp.exp(FloatVector.fromArray(FLOATS, p, from + j).sub(max));
                e.intoArray(p, from + j);
                sums = sums.add(e);
            }
        }
        float sum = Lanes.sum(sums);
        set(ls, lse, (float) (max + Math.log(sum)));
        float share = 1 / sum;
        for (int block = start; block < end; block += DEPTH) {
            int from = at + block / DEPTH * ROWS * STRIDE;
            int length = Math.min(DEPTH, Math.max(0, n - block));
            for (int j = 0; j < length; j += COUNT) {
                FloatVector.fromArray(FLOATS, p, from + j).mul(share).intoArray(p, from + j);
            }
            Arrays.fill(p, from + length, from + Math.min(DEPTH, end - block), 0);
        }
    }

    /** Decoding: too few queries to pack the keys for. Each key is read once per head, and so is each value. */
    private void few(int head, int first, int queries, int kvHead, int key, int keys, AttentionScratch s) {
        Source source = new Source.Leased(qs);
        float[] p = s.probabilities;
        for (int q = 0; q < queries; q++) {
            source.read((long) (first + q) * ldq + (long) head * dim, dim, s.row, 0, s.packing.narrow);
            int n = keys - queries + q + 1;
            int hidden = Math.max(0, n - plan.window());
            for (int j = hidden; j < n; j++) {
                long k = (long) (key + j) * ldk + (long) kvHead * dim;
                p[j / DEPTH * ROWS * STRIDE + j % DEPTH] = Rowwise.dot(dim, s.row, 0, ks, k);
            }
            softmax(p, 0, hidden / DEPTH * DEPTH, hidden, n, n, (long) (first + q) * plan.heads() + head);
            Arrays.fill(s.row, 0, dim, 0);
            for (int j = hidden; j < n; j++) {
                long v = (long) (key + j) * ldk + (long) kvHead * dim;
                axpy(p[j / DEPTH * ROWS * STRIDE + j % DEPTH], vs, v, s.row);
            }
            Rowwise.store(s.row, 0, dim, os, (long) (first + q) * ldq + (long) head * dim, false);
        }
    }

    /** {@code y += a x}. */
    private void axpy(float a, MemorySegment x, long at, float[] y) {
        int whole = Lanes.floor(dim);
        for (int i = 0; i < whole; i += COUNT) {
            FloatVector.fromMemorySegment(FLOATS, x, (at + i) * Float.BYTES, ORDER)
                    .fma(FloatVector.broadcast(FLOATS, a), FloatVector.fromArray(FLOATS, y, i))
                    .intoArray(y, i);
        }
        for (int i = whole; i < dim; i++) {
            y[i] += a * get(x, at + i);
        }
    }
}
