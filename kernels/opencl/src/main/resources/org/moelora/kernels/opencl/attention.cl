// See Attention.java. Scores are made in tiles that stay in local memory and registers, as in FlashAttention-2 (Dao 2023, arXiv 2307.08691):
// no [queries, keys] ever lies in device memory.
//
// A row is one query head of one query. The SHARE = heads / kvHeads heads that read one key/value head are rows beside each other, so what
// is loaded of keys and values serves all of them: row n of head h is head h * SHARE + n % SHARE of query n / SHARE of its sequence.
//
// A group owns OWN rows (or keys) and sees the other side STAGED at a time. It has eight bands of LANES items: band b has PER_BAND of the owned
// rows, a lane PER_LANE of the staged ones and COLUMNS of the DIM columns. DIM is headDim, filled up with zeros to a multiple of LANES.
// Constants: OWN, STAGED, LANES, DIM, SHARE; FOURS where the rows of q, k, v and dO are fours of numbers that begin at multiples of 16 bytes.

#define BANDS 8
#define ITEMS (BANDS * LANES)
#define PER_BAND (OWN / BANDS)
#define PER_LANE (STAGED / LANES)
#define COLUMNS (DIM / LANES)

// Four floats more than a row has: lanes read rows below each other from different banks, and each begins at a multiple of 16 bytes.
#define STRIDE (DIM + 4)
#define WEIGHTS (OWN + 4)
#define TILE __attribute__((aligned(16)))

// Column c of a lane's: four side by side, which local memory hands out at once.
#if COLUMNS % 4 == 0
#define COLUMN_OF(c) ((c) / 4 * 4 * LANES + 4 * lane + (c) % 4)
#else
#define COLUMN_OF(c) (lane + LANES * (c))
#endif

#define SHAPE const int heads, const int kvHeads, const int headDim, const float scale, const int window

// One sequence: its first query row, queries, first key row, keys; how many keys precede its first query.
typedef struct { int query, queries, key, keys, past; } Sequence;

inline Sequence sequenceAt(__global const int *table, int s) {
    Sequence q = {table[4 * s], table[4 * s + 1], table[4 * s + 2], table[4 * s + 3], table[4 * s + 3] - table[4 * s + 1]};
    return q;
}

// The sequence, the head and the first owned row that the table has for this group.
#define OWNED                                                                      \
    const int item = get_local_id(0);                                              \
    const int lane = item % LANES;                                                 \
    const int band = item / LANES * PER_BAND;                                      \
    const int head = get_group_id(1);                                              \
    const Sequence s = sequenceAt(table, table[tiles + 2 * get_group_id(0)]);      \
    const int first = table[tiles + 2 * get_group_id(0) + 1]

// Where row n of the sequence, or its key j, begins.
#define ROW_AT(n) (((ulong)(s.query + (n) / SHARE) * heads + head * SHARE + (n) % SHARE))
#define KEY_AT(j) (((ulong)(s.key + (j)) * kvHeads + head))

// Whether row n sees key j.
#define SEES(n, j) ((j) <= s.past + (n) / SHARE && (j) > s.past + (n) / SHARE - window)

// Loads SIZE rows of which the first count are there; the rest, and columns past headDim, are zeros.
#ifdef FOURS
#define LOAD(tile, SIZE, source, AT, from, count)                                                                  \
    for (int at_ = 4 * item; at_ < (SIZE)*DIM; at_ += 4 * ITEMS) {                                                 \
        const int row_ = at_ / DIM;                                                                                \
        const int column_ = at_ % DIM;                                                                             \
        *(__local float4 *)((tile) + row_ * STRIDE + column_) =                                                    \
                row_ < (count) && column_ < headDim                                                                \
                        ? *(__global const float4 *)((source) + AT((from) + row_) * headDim + column_)             \
                        : (float4)(0);                                                                             \
    }
#else
#define LOAD(tile, SIZE, source, AT, from, count)                                              \
    for (int at_ = item; at_ < (SIZE)*DIM; at_ += ITEMS) {                                     \
        const int row_ = at_ / DIM;                                                            \
        const int column_ = at_ % DIM;                                                         \
        (tile)[row_ * STRIDE + column_] =                                                      \
                row_ < (count) && column_ < headDim ? (source)[AT((from) + row_) * headDim + column_] : 0.0f; \
    }
#endif

// products[r][c] = <owned row r, staged row c>
inline void dots(__local const float *own, __local const float *staged, int band, int lane, float products[PER_BAND][PER_LANE]) {
    for (int r = 0; r < PER_BAND; r++) {
        for (int c = 0; c < PER_LANE; c++) products[r][c] = 0;
    }
    for (int d = 0; d < DIM; d += 4) {
        float4 a[PER_BAND];
        for (int r = 0; r < PER_BAND; r++) a[r] = *(__local const float4 *)(own + (band + r) * STRIDE + d);
        for (int c = 0; c < PER_LANE; c++) {
            const float4 b = *(__local const float4 *)(staged + (lane + LANES * c) * STRIDE + d);
            for (int r = 0; r < PER_BAND; r++) {
                products[r][c] += a[r].x * b.x;
                products[r][c] += a[r].y * b.y;
                products[r][c] += a[r].z * b.z;
                products[r][c] += a[r].w * b.w;
            }
        }
    }
}

// to[i] = from[AT], for i below SIZE; in fours where those lie side by side.
#define BLOCK(to, SIZE, from, i, AT)                                       \
    if (SIZE % 4 == 0) {                                                   \
        for (int i = 0; i < SIZE; i += 4) {                                \
            const float4 four_ = *(__local const float4 *)((from) + (AT)); \
            (to)[i] = four_.x;                                             \
            (to)[i + 1] = four_.y;                                         \
            (to)[i + 2] = four_.z;                                         \
            (to)[i + 3] = four_.w;                                         \
        }                                                                  \
    } else {                                                               \
        for (int i = 0; i < SIZE; i++) (to)[i] = (from)[AT];               \
    }

// sums[r][c] += sum_j weights[j][r] staged[j][c]
inline void weighted(
        __local const float *weights, __local const float *staged, int count, int band, int lane, float sums[PER_BAND][COLUMNS]) {
    for (int j = 0; j < count; j++) {
        float w[PER_BAND];
        float x[COLUMNS];
        BLOCK(w, PER_BAND, weights + j * WEIGHTS + band, r, r)
        BLOCK(x, COLUMNS, staged + j * STRIDE, c, COLUMN_OF(c))
        for (int c = 0; c < COLUMNS; c++) {
            for (int r = 0; r < PER_BAND; r++) sums[r][c] += w[r] * x[c];
        }
    }
}

// Each row keeps the largest score so far and what is summed relative to it (Milakov and Gimelshein 2018, arXiv 1805.02867). Powers are of two,
// which devices have in hardware: exp(x) = 2^(x log2 e).
//
// Where there are few rows, as when decoding, the keys are divided into parts, each a group's, and attentionJoin puts those together (Dao et al.
// 2023, "Flash-Decoding for long-context inference"): a part leaves for each row what it summed, the largest score and the sum of powers.
#define PARTIAL (headDim + 2)
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void attentionForward(
        SHAPE,
        __global const int *table,
        const int tiles,
        ARG(const float, q),
        ARG(const float, k),
        ARG(const float, v),
        ARG(float, o),
        ARG(float, logSumExp),
        const int parts,
        const ulong queryHeads,
        __global float *partials) {
    USE(const float, q);
    USE(const float, k);
    USE(const float, v);
    USE(float, o);
    USE(float, logSumExp);
    __local float TILE queries[OWN * STRIDE];
    __local float TILE staged[STAGED * STRIDE];
    __local float TILE weights[STAGED * WEIGHTS];
    __local float TILE ofLanes[OWN * LANES];
    OWNED;
    const int rows = min(OWN, s.queries * SHARE - first);
    const int firstKey = max(0, s.past + first / SHARE + 1 - window);
    const int endKey = s.past + (first + rows - 1) / SHARE + 1;
    const int part = get_group_id(2);
    const int keysOfPart = ((endKey - firstKey + STAGED - 1) / STAGED + parts - 1) / parts * STAGED;
    const int begin = min(endKey, firstKey + part * keysOfPart);
    const int end = min(endKey, begin + keysOfPart);
    float most[PER_BAND];
    float sum[PER_BAND];
    float out[PER_BAND][COLUMNS];
    for (int r = 0; r < PER_BAND; r++) {
        most[r] = -INFINITY;
        sum[r] = 0;
        for (int c = 0; c < COLUMNS; c++) out[r][c] = 0;
    }
    LOAD(queries, OWN, q, ROW_AT, first, rows);
    for (int j0 = begin; j0 < end; j0 += STAGED) {
        const int keys = min(STAGED, end - j0);
        barrier(CLK_LOCAL_MEM_FENCE);
        LOAD(staged, STAGED, k, KEY_AT, j0, keys);
        barrier(CLK_LOCAL_MEM_FENCE);
        float score[PER_BAND][PER_LANE];
        dots(queries, staged, band, lane, score);
        for (int r = 0; r < PER_BAND; r++) {
            float largest = -INFINITY;
            for (int c = 0; c < PER_LANE; c++) {
                const int j = lane + LANES * c;
                score[r][c] = j < keys && SEES(first + band + r, j0 + j) ? score[r][c] * (scale * M_LOG2E_F) : -INFINITY;
                largest = fmax(largest, score[r][c]);
            }
            ofLanes[(band + r) * LANES + lane] = largest;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        LOAD(staged, STAGED, v, KEY_AT, j0, keys);
        for (int r = 0; r < PER_BAND; r++) {
            float largest = most[r];
            for (int l = 0; l < LANES; l++) largest = fmax(largest, ofLanes[(band + r) * LANES + l]);
            const float base = largest == -INFINITY ? 0 : largest; // a row that has seen nothing yet
            const float shrink = exp2(most[r] - base);
            most[r] = largest;
            sum[r] *= shrink;
            for (int c = 0; c < COLUMNS; c++) out[r][c] *= shrink;
            for (int c = 0; c < PER_LANE; c++) {
                const float p = exp2(score[r][c] - base);
                sum[r] += p;
                weights[(lane + LANES * c) * WEIGHTS + band + r] = p;
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        weighted(weights, staged, keys, band, lane, out);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int r = 0; r < PER_BAND; r++) ofLanes[(band + r) * LANES + lane] = sum[r];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int r = 0; r < PER_BAND && band + r < rows; r++) {
        const ulong at = ROW_AT(first + band + r);
        float total = 0;
        for (int l = 0; l < LANES; l++) total += ofLanes[(band + r) * LANES + l];
        if (parts > 1) {
            __global float *partial = partials + (part * queryHeads + at) * PARTIAL;
            for (int c = 0; c < COLUMNS; c++) {
                if (COLUMN_OF(c) < headDim) partial[COLUMN_OF(c)] = out[r][c];
            }
            if (lane == 0) {
                partial[headDim] = most[r];
                partial[headDim + 1] = total;
            }
        } else {
            for (int c = 0; c < COLUMNS; c++) {
                if (COLUMN_OF(c) < headDim) o[at * headDim + COLUMN_OF(c)] = out[r][c] / total;
            }
            if (lane == 0) logSumExp[at] = (most[r] + log2(total)) * M_LN2_F;
        }
    }
}

// One item for each element of o; a part that a row sees nothing of has -INFINITY and zeros.
__kernel void attentionJoin(
        const int headDim,
        const int parts,
        const ulong queryHeads,
        __global const float *partials,
        ARG(float, o),
        ARG(float, logSumExp)) {
    USE(float, o);
    USE(float, logSumExp);
    ITEM(i, queryHeads * headDim);
    const ulong at = i / headDim;
    const int column = i % headDim;
    float most = -INFINITY;
    for (int part = 0; part < parts; part++) most = fmax(most, partials[(part * queryHeads + at) * PARTIAL + headDim]);
    float sum = 0;
    float total = 0;
    for (int part = 0; part < parts; part++) {
        __global const float *partial = partials + (part * queryHeads + at) * PARTIAL;
        const float shrink = exp2(partial[headDim] - most);
        sum += shrink * partial[column];
        total += shrink * partial[headDim + 1];
    }
    o[i] = sum / total;
    if (column == 0) logSumExp[at] = (most + log2(total)) * M_LN2_F;
}

// delta = <dO, o> of each query head, a band each. It is left in the first element of the head's dq until attentionGradQ overwrites that.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void attentionDelta(const ulong queryHeads, const int headDim, ARG(const float, o), ARG(const float, dO), ARG(float, dq)) {
    USE(const float, o);
    USE(const float, dO);
    USE(float, dq);
    __local float ofLanes[ITEMS];
    const int item = get_local_id(0);
    const ulong row = (ulong)get_group_id(0) * BANDS + item / LANES;
    float sum = 0;
    if (row < queryHeads) {
        for (int c = item % LANES; c < headDim; c += LANES) sum += dO[row * headDim + c] * o[row * headDim + c];
    }
    ofLanes[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item % LANES == 0 && row < queryHeads) {
        for (int l = 1; l < LANES; l++) sum += ofLanes[item + l];
        dq[row * headDim] = sum;
    }
}

// A group owns keys and goes over the rows that see them: p is made again from logSumExp, dv_j = sum_i p_ij dO_i, dk_j = scale sum_i ds_ij q_i.
// All heads that share a key are rows of the same group, so nothing is added up between groups.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void attentionGradKV(
        SHAPE,
        __global const int *table,
        const int tiles,
        ARG(const float, q),
        ARG(const float, k),
        ARG(const float, v),
        ARG(const float, logSumExp),
        ARG(const float, dO),
        ARG(const float, delta),
        ARG(float, dk),
        ARG(float, dv)) {
    USE(const float, q);
    USE(const float, k);
    USE(const float, v);
    USE(const float, logSumExp);
    USE(const float, dO);
    USE(const float, delta);
    USE(float, dk);
    USE(float, dv);
    __local float TILE keys[OWN * STRIDE];
    __local float TILE values[OWN * STRIDE];
    __local float TILE staged[STAGED * STRIDE];
    __local float TILE weights[STAGED * WEIGHTS];
    OWNED;
    const int owned = min(OWN, s.keys - first);
    const int begin = max(0, first - s.past) * SHARE;
    const int end = (int)min((long)s.queries, (long)first + owned - 1 - s.past + window) * SHARE;
    float sumK[PER_BAND][COLUMNS];
    float sumV[PER_BAND][COLUMNS];
    for (int r = 0; r < PER_BAND; r++) {
        for (int c = 0; c < COLUMNS; c++) {
            sumK[r][c] = 0;
            sumV[r][c] = 0;
        }
    }
    LOAD(keys, OWN, k, KEY_AT, first, owned);
    LOAD(values, OWN, v, KEY_AT, first, owned);
    for (int n0 = begin; n0 < end; n0 += STAGED) {
        const int rows = min(STAGED, end - n0);
        barrier(CLK_LOCAL_MEM_FENCE);
        LOAD(staged, STAGED, q, ROW_AT, n0, rows);
        barrier(CLK_LOCAL_MEM_FENCE);
        float p[PER_BAND][PER_LANE];
        dots(keys, staged, band, lane, p);
        float deltas[PER_LANE];
        for (int c = 0; c < PER_LANE; c++) {
            const int n = lane + LANES * c;
            const ulong at = n < rows ? ROW_AT(n0 + n) : 0;
            const float base = n < rows ? logSumExp[at] * M_LOG2E_F : 0;
            deltas[c] = n < rows ? delta[at * headDim] : 0;
            for (int r = 0; r < PER_BAND; r++) {
                const int j = first + band + r;
                p[r][c] = n < rows && SEES(n0 + n, j) ? exp2(p[r][c] * (scale * M_LOG2E_F) - base) : 0;
                weights[n * WEIGHTS + band + r] = p[r][c];
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        LOAD(staged, STAGED, dO, ROW_AT, n0, rows);
        barrier(CLK_LOCAL_MEM_FENCE);
        weighted(weights, staged, rows, band, lane, sumV);
        float ds[PER_BAND][PER_LANE];
        dots(values, staged, band, lane, ds);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int c = 0; c < PER_LANE; c++) {
            for (int r = 0; r < PER_BAND; r++) {
                weights[(lane + LANES * c) * WEIGHTS + band + r] = p[r][c] * (ds[r][c] - deltas[c]);
            }
        }
        LOAD(staged, STAGED, q, ROW_AT, n0, rows);
        barrier(CLK_LOCAL_MEM_FENCE);
        weighted(weights, staged, rows, band, lane, sumK);
    }
    for (int r = 0; r < PER_BAND && band + r < owned; r++) {
        const ulong at = KEY_AT(first + band + r) * headDim;
        for (int c = 0; c < COLUMNS; c++) {
            const int column = COLUMN_OF(c);
            if (column < headDim) {
                dk[at + column] = scale * sumK[r][c];
                dv[at + column] = sumV[r][c];
            }
        }
    }
}

// A group owns rows, as in the forward pass: dq_i = scale sum_j ds_ij k_j.
__attribute__((reqd_work_group_size(ITEMS, 1, 1)))
__kernel void attentionGradQ(
        SHAPE,
        __global const int *table,
        const int tiles,
        ARG(const float, q),
        ARG(const float, k),
        ARG(const float, v),
        ARG(const float, logSumExp),
        ARG(const float, dO),
        ARG(float, dq)) {
    USE(const float, q);
    USE(const float, k);
    USE(const float, v);
    USE(const float, logSumExp);
    USE(const float, dO);
    USE(float, dq);
    __local float TILE queries[OWN * STRIDE];
    __local float TILE gradients[OWN * STRIDE];
    __local float TILE staged[STAGED * STRIDE];
    __local float TILE weights[STAGED * WEIGHTS];
    OWNED;
    const int rows = min(OWN, s.queries * SHARE - first);
    const int end = s.past + (first + rows - 1) / SHARE + 1;
    float base[PER_BAND];
    float delta[PER_BAND];
    float sum[PER_BAND][COLUMNS];
    for (int r = 0; r < PER_BAND; r++) {
        const int n = band + r;
        base[r] = n < rows ? logSumExp[ROW_AT(first + n)] * M_LOG2E_F : 0;
        delta[r] = n < rows ? dq[ROW_AT(first + n) * headDim] : 0;
        for (int c = 0; c < COLUMNS; c++) sum[r][c] = 0;
    }
    LOAD(queries, OWN, q, ROW_AT, first, rows);
    LOAD(gradients, OWN, dO, ROW_AT, first, rows);
    barrier(CLK_GLOBAL_MEM_FENCE); // delta has been read before anything overwrites it
    for (int j0 = max(0, s.past + first / SHARE + 1 - window); j0 < end; j0 += STAGED) {
        const int keys = min(STAGED, end - j0);
        barrier(CLK_LOCAL_MEM_FENCE);
        LOAD(staged, STAGED, k, KEY_AT, j0, keys);
        barrier(CLK_LOCAL_MEM_FENCE);
        float p[PER_BAND][PER_LANE];
        dots(queries, staged, band, lane, p);
        barrier(CLK_LOCAL_MEM_FENCE);
        LOAD(staged, STAGED, v, KEY_AT, j0, keys);
        barrier(CLK_LOCAL_MEM_FENCE);
        float ds[PER_BAND][PER_LANE];
        dots(gradients, staged, band, lane, ds);
        for (int c = 0; c < PER_LANE; c++) {
            const int j = lane + LANES * c;
            for (int r = 0; r < PER_BAND; r++) {
                const int n = band + r;
                const int seen = j < keys && n < rows && SEES(first + n, j0 + j);
                weights[j * WEIGHTS + n] =
                        seen ? exp2(p[r][c] * (scale * M_LOG2E_F) - base[r]) * (ds[r][c] - delta[r]) : 0;
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        LOAD(staged, STAGED, k, KEY_AT, j0, keys);
        barrier(CLK_LOCAL_MEM_FENCE);
        weighted(weights, staged, keys, band, lane, sum);
    }
    for (int r = 0; r < PER_BAND && band + r < rows; r++) {
        const ulong at = ROW_AT(first + band + r) * headDim;
        for (int c = 0; c < COLUMNS; c++) {
            const int column = COLUMN_OF(c);
            if (column < headDim) dq[at + column] = scale * sum[r][c];
        }
    }
}
