// See MatMul.java.
//
// A group makes a tile [TM, TN] of C, an item a block of it [RM, RN] in registers. Depth goes by TK: while one pair of tiles of A and B in
// local memory is multiplied, the next is fetched into registers and then stored beside it, so there is one barrier for each TK. An item's rows
// and columns come in fours, and neighbours have neighbouring fours: a load from local memory brings four numbers, of which few are the same word.
//
// Where a product has few tiles and much depth, as those of low rank do, the depth is dealt out to groups: each leaves the sums over its part, and
// gemmJoin in rows.cl adds those up in their order.
//
// TA and TB say which of A and B is transposed; FROZEN makes B a weight in its own format, [n, k] with TB and [k, n] without.

#ifndef TM
#define TM 64
#define TN 64
#define TK 16
#define RM 4
#define RN 4
#endif

#define COLUMNS (TN / RN)
#define LINES (TM / RM)
#define ITEMS (COLUMNS * LINES)

// Numbers of A and of B that one load brings, 1 or 4 that lie side by side, as the caller knows them to be aligned.
#ifndef WIDE_A
#define WIDE_A 1
#endif
#ifndef WIDE_B
#define WIDE_B 1
#endif
// Loads of an item for one tile.
#define LOADS_A (TM * TK / WIDE_A / ITEMS)
#define LOADS_B (TN * TK / WIDE_B / ITEMS)

// Four numbers more than a tile has, so that each row of it begins at a multiple of 16 bytes and rows begin in different banks.
#define ROW_A (TM + 4)
#define ROW_B (TN + 4)

// Row i of an item's block, and its column j: four side by side, which local memory hands out at once.
#if RM % 4 == 0
#define ROW_OF(i) ((i) / 4 * 4 * LINES + 4 * line + (i) % 4)
#else
#define ROW_OF(i) ((i) * LINES + line)
#endif
#if RN % 4 == 0
#define COLUMN_OF(j) ((j) / 4 * 4 * COLUMNS + 4 * column + (j) % 4)
#else
#define COLUMN_OF(j) ((j) * COLUMNS + column)
#endif
#define SPREAD(to, four) (to)[0] = (four).x; (to)[1] = (four).y; (to)[2] = (four).z; (to)[3] = (four).w

// Row and depth in its tile of the first number of load e: neighbouring items load what lies side by side in memory, which is along the depth, or
// across it where the matrix is the other way round.
#if TA
#define A_ROW(e) ((e) * WIDE_A % TM)
#define A_DEPTH(e) ((e) * WIDE_A / TM)
#else
#define A_ROW(e) ((e) * WIDE_A / TK)
#define A_DEPTH(e) ((e) * WIDE_A % TK)
#endif
#if TB
#define B_COLUMN(e) ((e) * WIDE_B / TK)
#define B_DEPTH(e) ((e) * WIDE_B % TK)
#else
#define B_COLUMN(e) ((e) * WIDE_B % TN)
#define B_DEPTH(e) ((e) * WIDE_B / TN)
#endif

// Keeps in a tile what one load brought: beside each other where the tile has it so, otherwise below each other.
#define KEEP_FOUR(to, from) *(__local float4 *)(to) = (float4)((from)[0], (from)[1], (from)[2], (from)[3]);
#if WIDE_A == 4 && TA
#define KEEP_A(to, from) KEEP_FOUR(to, from)
#else
#define KEEP_A(to, from) for (int w = 0; w < WIDE_A; w++) (to)[w * ROW_A] = (from)[w];
#endif
#if WIDE_B == 4 && !TB
#define KEEP_B(to, from) KEEP_FOUR(to, from)
#else
#define KEEP_B(to, from) for (int w = 0; w < WIDE_B; w++) (to)[w * ROW_B] = (from)[w];
#endif

#if WIDE_A == 4
#define READ_A(to, i) { const float4 four = *(__global const float4 *)(a + (i)); SPREAD(to, four); }
#else
#define READ_A(to, i) (to)[0] = a[i];
#endif
#if WIDE_B == 4 && defined(FORMAT_BF16)
#define READ_B(to, i) \
    { const float4 four = as_float4(convert_uint4(*(__global const ushort4 *)((__global const ushort *)b + (i))) << 16); SPREAD(to, four); }
#elif WIDE_B == 4 && defined(FORMAT_F16)
#define READ_B(to, i) { const float4 four = vloada_half4(0, (__global const half *)b + (i)); SPREAD(to, four); }
#elif WIDE_B == 4
#define READ_B(to, i) { const float4 four = *(__global const float4 *)((__global const float *)b + (i)); SPREAD(to, four); }
#elif defined(FROZEN)
#define READ_B(to, i) (to)[0] = weight(b, i);
#else
#define READ_B(to, i) (to)[0] = b[i];
#endif

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void gemm(
        const int m,
        const int n,
        const int k,
        const float alpha,
        ARG(const float, a),
        const int lda,
        const ulong strideA,
#ifdef FROZEN
        __global const uchar *b_buffer,
        const ulong b_from,
#else
        ARG(const float, b),
#endif
        const int ldb,
        const ulong strideB,
        const float beta,
        ARG(float, c),
        const int ldc,
        const ulong strideC,
        const int parts,
        const int partDepth,
        __global float *partials) { // any buffer if there is one part
    __local float __attribute__((aligned(16))) tileA[2][TK * ROW_A];
    __local float __attribute__((aligned(16))) tileB[2][TK * ROW_B];
    const int item = get_local_id(0);
    const int column = item % COLUMNS;
    const int line = item / COLUMNS;
    const int firstRow = get_group_id(1) * TM;
    const int firstColumn = get_group_id(0) * TN;
    const int batch = get_group_id(2) / parts;
    const int part = get_group_id(2) % parts;
    const int begin = min(k, part * partDepth);
    const int end = min(k, begin + partDepth);
    __global const float *a = a_buffer + a_from + batch * strideA;
#ifdef FROZEN
    __global const uchar *b = b_buffer + b_from;
#else
    __global const float *b = b_buffer + b_from + batch * strideB;
#endif
    __global float *c = c_buffer + c_from + batch * strideC;

    float nextA[LOADS_A * WIDE_A];
    float nextB[LOADS_B * WIDE_B];
    float sums[RM][RN];
    for (int i = 0; i < RM; i++) {
        for (int j = 0; j < RN; j++) sums[i][j] = 0;
    }

#define FETCH(depth)                                                                                     \
    for (int l = 0; l < LOADS_A; l++) {                                                                  \
        const int e = l * ITEMS + item;                                                                  \
        const int i = firstRow + A_ROW(e);                                                               \
        const int p = (depth) + A_DEPTH(e);                                                              \
        for (int w = 0; w < WIDE_A; w++) nextA[l * WIDE_A + w] = 0;                                      \
        if (i < m && p < end) READ_A(nextA + l * WIDE_A, TA ? (ulong)p * lda + i : (ulong)i * lda + p)   \
    }                                                                                                    \
    for (int l = 0; l < LOADS_B; l++) {                                                                  \
        const int e = l * ITEMS + item;                                                                  \
        const int j = firstColumn + B_COLUMN(e);                                                         \
        const int p = (depth) + B_DEPTH(e);                                                              \
        for (int w = 0; w < WIDE_B; w++) nextB[l * WIDE_B + w] = 0;                                      \
        if (j < n && p < end) READ_B(nextB + l * WIDE_B, TB ? (ulong)j * ldb + p : (ulong)p * ldb + j)   \
    }
#define STORE(to)                                                                                        \
    for (int l = 0; l < LOADS_A; l++) {                                                                  \
        const int e = l * ITEMS + item;                                                                  \
        KEEP_A(tileA[to] + A_DEPTH(e) * ROW_A + A_ROW(e), nextA + l * WIDE_A)                            \
    }                                                                                                    \
    for (int l = 0; l < LOADS_B; l++) {                                                                  \
        const int e = l * ITEMS + item;                                                                  \
        KEEP_B(tileB[to] + B_DEPTH(e) * ROW_B + B_COLUMN(e), nextB + l * WIDE_B)                         \
    }

    FETCH(begin)
    STORE(0)
    barrier(CLK_LOCAL_MEM_FENCE);
    int now = 0;
    for (int depth = begin; depth < end; depth += TK) {
        const int more = depth + TK < end;
        if (more) {
            FETCH(depth + TK)
        }
        // A tile's own sum first: what is added to a long sum is then rounded once for each TK.
        float near[RM][RN];
        for (int i = 0; i < RM; i++) {
            for (int j = 0; j < RN; j++) near[i][j] = 0;
        }
        for (int p = 0; p < TK; p++) {
            __local const float *rowA = tileA[now] + p * ROW_A;
            __local const float *rowB = tileB[now] + p * ROW_B;
            float left[RM];
            float right[RN];
#if RM % 4 == 0
            for (int i = 0; i < RM; i += 4) {
                const float4 four = *(__local const float4 *)(rowA + ROW_OF(i));
                SPREAD(left + i, four);
            }
#else
            for (int i = 0; i < RM; i++) left[i] = rowA[ROW_OF(i)];
#endif
#if RN % 4 == 0
            for (int j = 0; j < RN; j += 4) {
                const float4 four = *(__local const float4 *)(rowB + COLUMN_OF(j));
                SPREAD(right + j, four);
            }
#else
            for (int j = 0; j < RN; j++) right[j] = rowB[COLUMN_OF(j)];
#endif
            for (int i = 0; i < RM; i++) {
                for (int j = 0; j < RN; j++) near[i][j] = mad(left[i], right[j], near[i][j]);
            }
        }
        for (int i = 0; i < RM; i++) {
            for (int j = 0; j < RN; j++) sums[i][j] += near[i][j];
        }
        if (more) {
            STORE(1 - now)
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        now = 1 - now;
    }
    for (int i = 0; i < RM; i++) {
        const int row = firstRow + ROW_OF(i);
        for (int j = 0; j < RN; j++) {
            const int col = firstColumn + COLUMN_OF(j);
            if (row < m && col < n) {
                if (parts > 1) {
                    partials[((ulong)part * m + row) * n + col] = sums[i][j];
                } else {
                    const ulong at = (ulong)row * ldc + col;
                    c[at] = alpha * sums[i][j] + (beta == 0 ? 0 : beta * c[at]);
                }
            }
        }
    }
}

#ifdef FROZEN
// Elements i to i + 3 of a weight.
#if defined(FORMAT_F32)
inline float4 weights(__global const uchar *w, ulong i) { return vload4(0, (__global const float *)w + i); }
#elif defined(FORMAT_BF16)
inline float4 weights(__global const uchar *w, ulong i) {
    return as_float4(convert_uint4(vload4(0, (__global const ushort *)w + i)) << 16);
}
#elif defined(FORMAT_F16)
inline float4 weights(__global const uchar *w, ulong i) { return vload_half4(0, (__global const half *)w + i); }
#else
inline float4 weights(__global const uchar *w, ulong i) {
    return (float4)(weight(w, i), weight(w, i + 1), weight(w, i + 2), weight(w, i + 3));
}
#endif

// y (+)= x W^T for the few rows of decoding: a band for each row of W, whose elements are read once and side by side, four to a load.
#define MOST_ROWS 4
#define EACH_ROW(t) for (int t = 0; t < MOST_ROWS; t++) if (t < rows)
__kernel void fewRows(
        const int rows,
        const int cols,
        const int out,
        ARG(const float, x),
        __global const uchar *w_buffer,
        const ulong w_from,
        ARG(float, y),
        const int accumulate) {
    USE(const float, x);
    USE(float, y);
    __local float work[GROUP];
    const int item = get_local_id(0);
    const int lane = item % ACROSS;
    const int o = get_group_id(0) * DOWN + item / ACROSS;
    __global const uchar *w = w_buffer + w_from;
    float sums[MOST_ROWS];
    for (int t = 0; t < MOST_ROWS; t++) sums[t] = 0;
    if (o < out) {
        const ulong row = (ulong)o * cols;
        const int whole = cols / 4 * 4;
        for (int i = 4 * lane; i < whole; i += 4 * ACROSS) {
            const float4 four = weights(w, row + i);
            EACH_ROW(t) {
                const float4 with = vload4(0, x + (ulong)t * cols + i);
                sums[t] += four.x * with.x + four.y * with.y + (four.z * with.z + four.w * with.w);
            }
        }
        for (int i = whole + lane; i < cols; i += ACROSS) {
            const float one = weight(w, row + i);
            EACH_ROW(t) sums[t] += one * x[(ulong)t * cols + i];
        }
    }
    for (int t = 0; t < rows; t++) {
        work[item] = sums[t];
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int half_ = ACROSS / 2; half_ > 0; half_ /= 2) {
            if (lane < half_) work[item] += work[item + half_];
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        if (lane == 0 && o < out) PUT(y, (ulong)t * out + o, work[item], accumulate);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}
#endif
