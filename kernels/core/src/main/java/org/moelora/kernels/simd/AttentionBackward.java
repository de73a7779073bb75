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
 * dv. Where that makes fewer tasks than there are threads, a task is some of the keys, of which it owns dk and dv, or some of the queries, of
 * which it owns dq: the scores are then made twice, and each sum has the same order. Keys are taken in blocks, and for each block the queries that see it in chunks: probabilities P and score gradients dS of a chunk are
 * computed again from the log-sum-exp and serve {@code dq += dS K}, {@code dk += dS^T q} and {@code dv += P^T do} from the cache.
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
    private final boolean toQ;
    private final boolean toK;
    private final boolean toV;
    private final Pool<AttentionScratch> pool;
    private final int keyParts;
    private final int queryParts;
    private final int dim;
    private final int group;
    private final int ldq;
    private final int ldk;

    /** @param parts of the keys of a sequence and head that are tasks of their own; 0 for tasks that go through keys and queries at once */
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
            Attention.Gradients wanted,
            int parts,
            Pool<AttentionScratch> pool) {
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
        this.toQ = !wanted.dq().isAbsent();
        this.toK = !wanted.dk().isAbsent();
        this.toV = !wanted.dv().isAbsent();
        this.pool = pool;
        this.keyParts = parts;
        this.queryParts = Math.max(1, parts * plan.kvHeads() / plan.heads());
        this.dim = plan.headDim();
        this.group = plan.heads() / plan.kvHeads();
        this.ldq = plan.heads() * dim;
        this.ldk = plan.kvHeads() * dim;
    }

    /** Tasks that there are. */
    int tasks() {
        Ragged rows = plan.rows();
        return rows.sequences()
                * (keyParts == 0 ? plan.kvHeads() : plan.kvHeads() * keyParts + plan.heads() * queryParts);
    }

    @Override
    public void run(int task) {
        int kvHeads = plan.kvHeads();
        int ofKeys = plan.rows().sequences() * kvHeads * Math.max(1, keyParts);
        Span all = new Span(0, 1);
        if (keyParts == 0) {
            int kvHead = task % kvHeads;
            backward(task / kvHeads, kvHead * group, group, all, all, toK || toV, toQ);
        } else if (task < ofKeys) {
            int head = task / keyParts;
            Span part = new Span(task % keyParts, keyParts);
            backward(head / kvHeads, head % kvHeads * group, group, part, all, toK || toV, false);
        } else {
            int head = (task - ofKeys) / queryParts;
            Span part = new Span((task - ofKeys) % queryParts, queryParts);
            backward(head / plan.heads(), head % plan.heads(), 1, all, part, false, toQ);
        }
    }

    /** One of several equal parts of a sequence. */
    private record Span(int part, int parts) {
        int from(int n, int unit) {
            return (int) ((long) n * part / parts) / unit * unit;
        }

        int to(int n, int unit) {
            return part == parts - 1 ? n : new Span(part + 1, parts).from(n, unit);
        }
    }

    /**
     * @param keySpan of the keys, those that are gone through
     * @param querySpan of the queries, those that are gone through
     * @param toKeys whether dk and dv of the keys are written, for which all heads that read them and all queries are needed
     * @param toQueries whether dq of the queries is written, for which all keys are needed
     */
    private void backward(
            int sequence, int firstHead, int heads, Span keySpan, Span querySpan, boolean toKeys, boolean toQueries) {
        Ragged rows = plan.rows();
        int first = rows.queryStart()[sequence];
        int queries = rows.queryStart()[sequence + 1] - first;
        int key = rows.keyStart()[sequence];
        int keys = rows.keyLength()[sequence];
        int kvHead = firstHead / group;
        int keyTo = keySpan.to(keys, COLS);
        int queryFrom = querySpan.from(queries, ROWS);
        int queryTo = querySpan.to(queries, ROWS);
        if (keySpan.from(keys, COLS) >= keyTo || (!toKeys && queryFrom >= queryTo)) {
            return;
        }
        if (!toKeys && !toQueries) {
            return;
        }
        AttentionScratch s = pool.take();
        try {
            s.probabilities = atLeast(s.probabilities, CHUNK * STRIDE);
            s.dScores = atLeast(s.dScores, CHUNK * STRIDE);
            s.queryPanels = atLeast(s.queryPanels, Packing.panelLength(dim, CHUNK));
            s.dOutPanels = atLeast(s.dOutPanels, Packing.panelLength(dim, CHUNK));
            for (int block = keySpan.from(keys, COLS) / DEPTH * DEPTH; block < keyTo; block += DEPTH) {
                int length = Math.min(DEPTH, keys - block);
                int low = Math.max(0, keySpan.from(keys, COLS) - block);
                int high = Math.min(length, keyTo - block);
                pack(kvHead, key + block, length, s);
                int past = keys - queries - block; // query i sees the keys 0 .. past + i of the block
                for (int head = firstHead; head < firstHead + heads; head++) {
                    // The first block is taken with all queries, whose dq it begins.
                    int end = block == 0 ? queries : (int) Math.min(queries, (long) length + plan.window() - 1 - past);
                    end = Math.min(end, queryTo);
                    for (int from = Math.max(queryFrom, -past); from < end; from += CHUNK) {
                        int chunk = Math.min(CHUNK, end - from);
                        int sees = past + from + 1;
                        scores(head, first + from, chunk, sees, low, high, s);
                        if (toQueries) {
                            dQueries(head, first + from, chunk, sees, length, block > 0, s);
                        }
                        if (toKeys) {
                            dKeys(head, first + from, chunk, sees, low, high, s);
                        }
                    }
                }
                for (int j = low; toKeys && j < high; j++) {
                    long at = (long) (key + block + j) * ldk + (long) kvHead * dim;
                    if (toK) {
                        Rowwise.store(s.dKeys, j * dim, dim, dks, at, false);
                    }
                    if (toV) {
                        Rowwise.store(s.dValues, j * dim, dim, dvs, at, false);
                    }
                }
            }
        } finally {
            pool.free(s);
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

    /** What query rows {@code query .. query + chunk}, of which the first sees {@code sees} of the block's keys, add to dk and dv of low .. high. */
    private void dKeys(int head, int query, int chunk, int sees, int low, int high, AttentionScratch s) {
        int col = head * dim;
        Packing.panels(q, ldq, col, dim, query, chunk, s.packing, s.queryPanels, 0);
        Packing.panels(dO, ldq, col, dim, query, chunk, s.packing, s.dOutPanels, 0);
        int seen = Math.min(high, sees + chunk - 1);
        for (int j = low; j < seen; j += ROWS) {
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

    /** P and {@code scale dS} of a chunk of queries and the keys low .. high, zero where a query does not see a key. */
    private void scores(int head, int query, int chunk, int sees, int low, int high, AttentionScratch s) {
        for (int i = 0; i < chunk; i += ROWS) {
            strip(head, query + i, Math.min(ROWS, chunk - i), i * STRIDE, sees + i, low, high, s);
        }
    }

    /** {@link #scores} of a strip, zero where a query does not see a key, because it is ahead of it or behind its window. */
    private void strip(int head, int query, int height, int at, int sees, int low, int high, AttentionScratch s) {
        int col = head * dim;
        Packing.strip(q, ldq, query, height, col, dim, s.queries, 0, s.packing.narrow);
        Packing.strip(dO, ldq, query, height, col, dim, s.dOut, 0, s.packing.narrow);
        int most = Math.min(high, sees + height - 1);
        for (int j = low; j < most; j += COLS) {
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
            int n = Math.clamp((long) sees + i, low, high);
            gradients(s.probabilities, s.dScores, from + low, n - low, plan.scale(), get(ls, row), delta);
            Arrays.fill(s.probabilities, from + n, from + high, 0);
            Arrays.fill(s.dScores, from + n, from + high, 0);
            int hidden = Math.clamp((long) sees + i - plan.window(), low, n);
            Arrays.fill(s.probabilities, from + low, from + hidden, 0);
            Arrays.fill(s.dScores, from + low, from + hidden, 0);
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

    /** What the block's keys add to dq of query rows {@code query .. query + chunk}, of which the first sees {@code sees} of them. */
    private void dQueries(
            int head, int query, int chunk, int sees, int length, boolean accumulate, AttentionScratch s) {
        for (int q0 = 0; q0 < chunk; q0 += ROWS) {
            int height = Math.min(ROWS, chunk - q0);
            int most = Math.min(length, sees + q0 + height - 1);
            for (int d = 0; d < dim; d += COLS) {
                int width = Math.min(COLS, dim - d);
                Tile.multiply(height, most, s.dScores, q0 * STRIDE, s.keys, d * length, s.packing.tile);
                for (int i = 0; i < height; i++) {
                    long to = (long) (query + q0 + i) * ldq + (long) head * dim + d;
                    Rowwise.store(s.packing.tile, i * COLS, width, dqs, to, accumulate);
                }
            }
        }
    }
}
