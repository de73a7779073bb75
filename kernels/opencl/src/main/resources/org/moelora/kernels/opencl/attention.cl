// See Attention.java. D is headDim; a tile has B rows of queries or of keys, and scores of a tile stay in local memory.
//
// An item has the elements e = item, item + ITEMS, ... of a tile [B, D], so that neighbours have neighbouring features.

#define ITEMS 64
#define MINE ((B * D + ITEMS - 1) / ITEMS)
#define EACH(e, count) for (int e = item; e < (count); e += ITEMS)

// Rows first .. first + rows of one head into a tile; zeros beside them.
#define LOAD(tile, source, first, rows, heads, head)                                                        \
    EACH(e, B * D) {                                                                                        \
        const int r = e / D;                                                                                \
        tile[r][e % D] = r < (rows) ? source[((ulong)((first) + r) * (heads) + (head)) * D + e % D] : 0;    \
    }

inline float dotOf(__local const float *a, __local const float *b) {
    float sum = 0;
    for (int i = 0; i < D; i++) sum = mad(a[i], b[i], sum);
    return sum;
}

// A group has a block of queries of one sequence and head. blocks: first query row, queries, first key row of the sequence, keys that the first
// query sees without a window. Scores go through a running maximum (Milakov and Gimelshein 2018, arXiv 1805.02867; Dao et al. 2022, arXiv
// 2205.14135): what was summed under a smaller maximum is scaled down.
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void forward(
        __global const int4 *blocks,
        const int heads,
        const int kvHeads,
        const float scale,
        const int window,
        ARG(const float, q),
        ARG(const float, k),
        ARG(const float, v),
        ARG(float, o),
        ARG(float, logSumExp)) {
    USE(const float, q);
    USE(const float, k);
    USE(const float, v);
    USE(float, o);
    USE(float, logSumExp);
    __local float queries[B][D + 1];
    __local float tile[B][D + 1];
    __local float p[B][B + 1];
    __local float most[B];
    __local float sum[B];
    __local float shrink[B];
    const int item = get_local_id(0);
    const int head = get_group_id(1);
    const int kvHead = head / (heads / kvHeads);
    const int4 block = blocks[get_group_id(0)];
    const int rows = block.y;

    LOAD(queries, q, block.x, rows, heads, head)
    if (item < B) {
        most[item] = -INFINITY;
        sum[item] = 0;
    }
    float mine[MINE];
    for (int c = 0; c < MINE; c++) mine[c] = 0;

    const int end = block.w + rows - 1;
    for (int from = max(0, block.w - window); from < end; from += B) {
        const int keys = min(B, end - from);
        barrier(CLK_LOCAL_MEM_FENCE);
        LOAD(tile, k, block.z + from, keys, kvHeads, kvHead)
        barrier(CLK_LOCAL_MEM_FENCE);
        EACH(e, B * B) {
            const int r = e / B;
            const int key = from + e % B;
            const int before = block.w + r;
            const int seen = r < rows && e % B < keys && key < before && key >= before - window;
            p[r][e % B] = seen ? scale * dotOf(queries[r], tile[e % B]) : -INFINITY;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < B) {
            float top = most[item];
            for (int j = 0; j < B; j++) top = fmax(top, p[item][j]);
            // A row may see no key of this tile, and none so far.
            const float factor = most[item] == -INFINITY ? 0 : exp(most[item] - top);
            float all = sum[item] * factor;
            for (int j = 0; j < B; j++) {
                const float value = p[item][j] == -INFINITY ? 0 : exp(p[item][j] - top);
                p[item][j] = value;
                all += value;
            }
            most[item] = top;
            sum[item] = all;
            shrink[item] = factor;
        }
        LOAD(tile, v, block.z + from, keys, kvHeads, kvHead)
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int c = 0, e = item; e < B * D; c++, e += ITEMS) {
            const int r = e / D;
            float value = mine[c] * shrink[r];
            for (int j = 0; j < B; j++) value = mad(p[r][j], tile[j][e % D], value);
            mine[c] = value;
        }
    }
    for (int c = 0, e = item; e < B * D; c++, e += ITEMS) {
        const int r = e / D;
        if (r < rows) o[((ulong)(block.x + r) * heads + head) * D + e % D] = mine[c] / sum[r];
    }
    if (item < rows) logSumExp[(ulong)(block.x + item) * heads + head] = most[item] + log(sum[item]);
}

// delta of a query head: <dO, o>. One item for each.
__kernel void deltas(const ulong n, ARG(const float, o), ARG(const float, dO), __global float *delta) {
    USE(const float, o);
    USE(const float, dO);
    const size_t i = get_global_id(0);
    if (i >= n) return;
    float sum = 0;
    for (int f = 0; f < D; f++) sum = mad(o[i * D + f], dO[i * D + f], sum);
    delta[i] = sum;
}

// p and ds of a tile of queries by a tile of keys. key and before are counted within the sequence.
#define SCORES(queryRows, keyRows, firstBefore, firstKey)                                                   \
    EACH(e, B * B) {                                                                                        \
        const int r = e / B;                                                                                \
        const int j = e % B;                                                                                \
        const int key = (firstKey) + j;                                                                     \
        const int before = (firstBefore) + r;                                                               \
        float value = 0;                                                                                    \
        float slope = 0;                                                                                    \
        if (r < (queryRows) && j < (keyRows) && key < before && key >= before - window) {                   \
            value = exp(scale * dotOf(queries[r], keyTile[j]) - lse[r]);                                    \
            slope = value * (dotOf(dOut[r], valueTile[j]) - delta[r]);                                      \
        }                                                                                                   \
        p[r][j] = value;                                                                                    \
        ds[r][j] = slope;                                                                                   \
    }

// dq of a block of queries, over all their keys.
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void backwardQueries(
        __global const int4 *blocks,
        const int heads,
        const int kvHeads,
        const float scale,
        const int window,
        ARG(const float, q),
        ARG(const float, k),
        ARG(const float, v),
        ARG(const float, logSumExp),
        ARG(const float, dO),
        __global const float *deltaOf,
        ARG(float, dq)) {
    USE(const float, q);
    USE(const float, k);
    USE(const float, v);
    USE(const float, logSumExp);
    USE(const float, dO);
    USE(float, dq);
    __local float queries[B][D + 1];
    __local float dOut[B][D + 1];
    __local float keyTile[B][D + 1];
    __local float valueTile[B][D + 1];
    __local float p[B][B + 1];
    __local float ds[B][B + 1];
    __local float lse[B];
    __local float delta[B];
    const int item = get_local_id(0);
    const int head = get_group_id(1);
    const int kvHead = head / (heads / kvHeads);
    const int4 block = blocks[get_group_id(0)];
    const int rows = block.y;

    LOAD(queries, q, block.x, rows, heads, head)
    LOAD(dOut, dO, block.x, rows, heads, head)
    if (item < rows) {
        const ulong at = (ulong)(block.x + item) * heads + head;
        lse[item] = logSumExp[at];
        delta[item] = deltaOf[at];
    }
    float mine[MINE];
    for (int c = 0; c < MINE; c++) mine[c] = 0;
    const int end = block.w + rows - 1;
    for (int from = max(0, block.w - window); from < end; from += B) {
        const int keys = min(B, end - from);
        barrier(CLK_LOCAL_MEM_FENCE);
        LOAD(keyTile, k, block.z + from, keys, kvHeads, kvHead)
        LOAD(valueTile, v, block.z + from, keys, kvHeads, kvHead)
        barrier(CLK_LOCAL_MEM_FENCE);
        SCORES(rows, keys, block.w, from)
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int c = 0, e = item; e < B * D; c++, e += ITEMS) {
            float value = 0;
            for (int j = 0; j < B; j++) value = mad(ds[e / D][j], keyTile[j][e % D], value);
            mine[c] += value;
        }
    }
    for (int c = 0, e = item; e < B * D; c++, e += ITEMS) {
        const int r = e / D;
        if (r < rows) dq[((ulong)(block.x + r) * heads + head) * D + e % D] = scale * mine[c];
    }
}

// dk and dv of a block of keys, over all queries of all heads that read them, in their order. blocks, two int4 each: first key row, keys, first key within
// the sequence, queries; first query row, keys that the first query sees without a window.
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void backwardKeys(
        __global const int4 *blocks,
        const int heads,
        const int kvHeads,
        const float scale,
        const int window,
        ARG(const float, q),
        ARG(const float, k),
        ARG(const float, v),
        ARG(const float, logSumExp),
        ARG(const float, dO),
        __global const float *deltaOf,
        ARG(float, dk),
        ARG(float, dv)) {
    USE(const float, q);
    USE(const float, k);
    USE(const float, v);
    USE(const float, logSumExp);
    USE(const float, dO);
    USE(float, dk);
    USE(float, dv);
    __local float queries[B][D + 1];
    __local float dOut[B][D + 1];
    __local float keyTile[B][D + 1];
    __local float valueTile[B][D + 1];
    __local float p[B][B + 1];
    __local float ds[B][B + 1];
    __local float lse[B];
    __local float delta[B];
    const int item = get_local_id(0);
    const int kvHead = get_group_id(1);
    const int group = heads / kvHeads;
    const int4 block = blocks[2 * get_group_id(0)];
    const int4 sight = blocks[2 * get_group_id(0) + 1];
    const int keys = block.y;

    LOAD(keyTile, k, block.x, keys, kvHeads, kvHead)
    LOAD(valueTile, v, block.x, keys, kvHeads, kvHead)
    float mineK[MINE];
    float mineV[MINE];
    for (int c = 0; c < MINE; c++) {
        mineK[c] = 0;
        mineV[c] = 0;
    }
    // Query i sees the keys below before = sight.y + i: the first that sees key block.z, and, with a window, the last that still sees the block's last.
    const int first = max(0, block.z + 1 - sight.y);
    const int last = (int)min((long)block.w, (long)block.z + keys - 1 + window - sight.y + 1);
    for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
        for (int from = first; from < last; from += B) {
            const int rows = min(B, last - from);
            barrier(CLK_LOCAL_MEM_FENCE);
            LOAD(queries, q, sight.x + from, rows, heads, head)
            LOAD(dOut, dO, sight.x + from, rows, heads, head)
            if (item < rows) {
                const ulong at = (ulong)(sight.x + from + item) * heads + head;
                lse[item] = logSumExp[at];
                delta[item] = deltaOf[at];
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            SCORES(rows, keys, sight.y + from, block.z)
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int c = 0, e = item; e < B * D; c++, e += ITEMS) {
                float slope = 0;
                float value = 0;
                for (int r = 0; r < B; r++) {
                    slope = mad(ds[r][e / D], queries[r][e % D], slope);
                    value = mad(p[r][e / D], dOut[r][e % D], value);
                }
                mineK[c] += slope;
                mineV[c] += value;
            }
        }
    }
    for (int c = 0, e = item; e < B * D; c++, e += ITEMS) {
        const int r = e / D;
        if (r < keys) {
            const ulong at = ((ulong)(block.x + r) * kvHeads + kvHead) * D + e % D;
            dk[at] = scale * mineK[c];
            dv[at] = mineV[c];
        }
    }
}
