package org.moelora.kernels.simd;

import static org.moelora.kernels.cpu.HostMemory.get;
import static org.moelora.kernels.simd.AttentionScratch.CHUNK;
import static org.moelora.kernels.simd.AttentionScratch.atLeast;
import static org.moelora.kernels.simd.Lanes.COUNT;
import static org.moelora.kernels.simd.Lanes.FLOATS;
import static org.moelora.kernels.simd.Tile.COLS;
import static org.moelora.kernels.simd.Tile.DEPTH;
import static org.moelora.kernels.simd.Tile.ROWS;
import static org.moelora.kernels.simd.Tile.STRIDE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Ragged;
import org.moelora.kernels.cpu.Workers;

/**
 * The backward pass; a task is one sequence and one key/value head with the query heads that read it, so that it owns its rows of dk and
 * dv. Keys are taken in blocks, and for each block the queries that see it in chunks: probabilities P and score gradients dS of a chunk are
 * computed anew from the log-sum-exp and serve {@code dq += dS K}, {@code dk += dS^T q} and {@code dv += P^T do} from the cache.
 */
final class AttentionBackward implements Workers.Task {
    private final Attention.Plan plan;
    private final Source q;
    private final Source k;
    private final Source v;
    private final MemorySegment os;
    private final MemorySegment ls;
    private final Source dO;
    private final MemorySegment dqs;
    private final MemorySegment dks;
    private final MemorySegment dvs;
    private final AttentionScratch.Pool pool;
    private final int dim;
    private final int group;
    private final int ldq;
    private final int ldk;

    AttentionBackward(
            Attention.Plan plan,
            MemorySegment qs,
            MemorySegment ks,
            MemorySegment vs,
            MemorySegment os,
            MemorySegment ls,
            MemorySegment dOs,
            MemorySegment dqs,
            MemorySegment dks,
            MemorySegment dvs,
            AttentionScratch.Pool pool) {
        this.plan = plan;
        this.q = new Source.Leased(qs);
        this.k = new Source.Leased(ks);
        this.v = new Source.Leased(vs);
        this.os = os;
        this.ls = ls;
        this.dO = new Source.Leased(dOs);
        this.dqs = dqs;
        this.dks = dks;
        this.dvs = dvs;
        this.pool = pool;
        this.dim = plan.headDim();
        this.group = plan.heads() / plan.kvHeads();
        this.ldq = plan.heads() * dim;
        this.ldk = plan.kvHeads() * dim;
    }

    @Override
    public void run(int task) {
        int sequence = task / plan.kvHeads();
        int kvHead = task % plan.kvHeads();
        Ragged rows = plan.rows();
        int first = rows.queryStart()[sequence];
        int queries = rows.queryStart()[sequence + 1] - first;
        int key = rows.keyStart()[sequence];
        int keys = rows.keyLength()[sequence];
        AttentionScratch s = pool.take();
        try {
            s.probabilities = atLeast(s.probabilities, CHUNK * STRIDE);
            s.dScores = atLeast(s.dScores, CHUNK * STRIDE);
            s.queryPanels = atLeast(s.queryPanels, Packing.panelLength(dim, CHUNK));
            s.dOutPanels = atLeast(s.dOutPanels, Packing.panelLength(dim, CHUNK));
            for (int block = 0; block < keys; block += DEPTH) {
                int length = Math.min(DEPTH, keys - block);
                pack(kvHead, key + block, length, s);
                int past = keys - queries - block; // query i sees the keys 0 .. past + i of the block
                for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
                    // The first block is taken with all queries, whose dq it begins.
                    int end = block == 0 ? queries : (int) Math.min(queries, (long) length + plan.window() - 1 - past);
                    for (int from = Math.max(0, -past); from < end; from += CHUNK) {
                        int chunk = Math.min(CHUNK, end - from);
                        chunk(head, first + from, chunk, past + from + 1, length, block > 0, s);
                    }
                }
                for (int j = 0; j < length; j++) {
                    long at = (long) (key + block + j) * ldk + (long) kvHead * dim;
                    Rowwise.store(s.dKeys, j * dim, dim, dks, at, false);
                    Rowwise.store(s.dValues, j * dim, dim, dvs, at, false);
                }
            }
        } finally {
            pool.giveBack(s);
        }
    }

    private void pack(int kvHead, int key, int length, AttentionScratch s) {
        int across = Packing.panelLength(length, dim);
        s.keysTransposed = atLeast(s.keysTransposed, across);
        s.values = atLeast(s.values, across);
        s.keys = atLeast(s.keys, Packing.panelLength(dim, length));
        s.dKeys = atLeast(s.dKeys, length * dim);
        s.dValues = atLeast(s.dValues, length * dim);
        int col = kvHead * dim;
        Packing.panelsTransposed(k, ldk, key, length, col, dim, s.packing, s.keysTransposed, 0);
        Packing.panelsTransposed(v, ldk, key, length, col, dim, s.packing, s.values, 0);
        Packing.panels(k, ldk, col, dim, key, length, s.packing, s.keys, 0);
        Arrays.fill(s.dKeys, 0, length * dim, 0);
        Arrays.fill(s.dValues, 0, length * dim, 0);
    }

    /** Query rows {@code query .. query + chunk}, of which the first sees {@code sees} of the block's keys. */
    private void chunk(int head, int query, int chunk, int sees, int length, boolean accumulate, AttentionScratch s) {
        int col = head * dim;
        Packing.panels(q, ldq, col, dim, query, chunk, s.packing, s.queryPanels, 0);
        Packing.panels(dO, ldq, col, dim, query, chunk, s.packing, s.dOutPanels, 0);
        for (int i = 0; i < chunk; i += ROWS) {
            int height = Math.min(ROWS, chunk - i);
            int most = Math.min(length, sees + i + height - 1);
            scores(head, query + i, height, i * STRIDE, sees + i, most, length, s);
            dQueries(col, query + i, height, i * STRIDE, most, length, accumulate, s);
        }
        int seen = Math.min(length, sees + chunk - 1);
        for (int j = 0; j < seen; j += ROWS) {
            int height = Math.min(ROWS, seen - j);
            int from = Math.max(0, j + 1 - sees); // the first query of the chunk that sees key j
            int depth = chunk - from;
            int at = from * STRIDE + j;
            float[] t = s.packing.tile;
            for (int d = 0; d < dim; d += COLS) {
                int panel = d * chunk + from * COLS;
                int width = Math.min(COLS, dim - d);
                Tile.multiplyTransposed(height, depth, s.dScores, at, STRIDE, s.queryPanels, panel, t);
                for (int i = 0; i < height; i++) {
                    Rowwise.add(t, i * COLS, width, s.dKeys, (j + i) * dim + d);
                }
                Tile.multiplyTransposed(height, depth, s.probabilities, at, STRIDE, s.dOutPanels, panel, t);
                for (int i = 0; i < height; i++) {
                    Rowwise.add(t, i * COLS, width, s.dValues, (j + i) * dim + d);
                }
            }
        }
    }

    /** P and {@code scale dS} of a strip of queries, zero where a query does not see a key, be it ahead of it or behind its window. */
    private void scores(int head, int query, int height, int at, int sees, int most, int length, AttentionScratch s) {
        int col = head * dim;
        Packing.strip(q, ldq, query, height, col, dim, s.queries, 0, s.packing.narrow);
        Packing.strip(dO, ldq, query, height, col, dim, s.dOut, 0, s.packing.narrow);
        for (int j = 0; j < most; j += COLS) {
            Tile.multiply(height, dim, s.queries, 0, s.keysTransposed, j * dim, s.scoreTile);
            Tile.multiply(height, dim, s.dOut, 0, s.values, j * dim, s.packing.tile);
            for (int i = 0; i < height; i++) {
                System.arraycopy(s.scoreTile, i * COLS, s.probabilities, at + i * STRIDE + j, COLS);
                System.arraycopy(s.packing.tile, i * COLS, s.dScores, at + i * STRIDE + j, COLS);
            }
        }
        for (int i = 0; i < height; i++) {
            long row = (long) (query + i) * plan.heads() + head;
            float delta = Rowwise.dot(dim, s.dOut, i * STRIDE, os, row * dim);
            int from = at + i * STRIDE;
            int n = Math.min(length, sees + i);
            gradients(s.probabilities, s.dScores, from, n, plan.scale(), get(ls, row), delta);
            Arrays.fill(s.probabilities, from + n, from + length, 0);
            Arrays.fill(s.dScores, from + n, from + length, 0);
            int hidden = Math.clamp((long) sees + i - plan.window(), 0, n);
            Arrays.fill(s.probabilities, from, from + hidden, 0);
            Arrays.fill(s.dScores, from, from + hidden, 0);
        }
    }

    /** From scores to probabilities, and from {@code <do, v>} to {@code scale dS}. */
    private static void gradients(float[] p, float[] ds, int at, int n, float scale, float lse, float delta) {
        for (int j = at; j < at + n; j += COUNT) {
            FloatVector share =
                    Exp.exp(FloatVector.fromArray(FLOATS, p, j).mul(scale).sub(lse));
            share.intoArray(p, j);
            FloatVector.fromArray(FLOATS, ds, j)
                    .sub(delta)
                    .mul(share)
                    .mul(scale)
                    .intoArray(ds, j);
        }
    }

    private void dQueries(
            int col, int query, int height, int at, int most, int length, boolean accumulate, AttentionScratch s) {
        for (int d = 0; d < dim; d += COLS) {
            int width = Math.min(COLS, dim - d);
            Tile.multiply(height, most, s.dScores, at, s.keys, d * length, s.packing.tile);
            for (int i = 0; i < height; i++) {
                long to = (long) (query + i) * ldq + col + d;
                Rowwise.store(s.packing.tile, i * COLS, width, dqs, to, accumulate);
            }
        }
    }
}
