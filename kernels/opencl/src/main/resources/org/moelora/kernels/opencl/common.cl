// What all families share. OpenCL C 1.2; GROUP, a power of two, is the size of a usual work-group.

// A span of device memory is a buffer and where in it, in elements, the span begins: ARG declares both, USE makes them one pointer.
#define ARG(T, name) __global T *name##_buffer, const ulong name##_from
#define USE(T, name) __global T *name = name##_buffer + name##_from

// The item's number, and out if it is one of those that only fill the last group.
#define ITEM(i, n) const size_t i = get_global_id(0); if (i >= (size_t)(n)) return

// y_i (+)= value
#define PUT(y, i, value, accumulate) (y)[i] = (accumulate) ? (y)[i] + (value) : (value)

// One of several results of a kernel, of which some may be absent: as Launch.arg says.
#define PUT_IF_ASKED(y, i, value, mode) \
    if ((mode) >= 0) \
    PUT(y, i, value, mode)

// Sums over a group as a tree, so always in the same order; every item gets the sum.
inline float groupSum(float value, __local float *work) {
    const int item = get_local_id(0);
    work[item] = value;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_ = GROUP / 2; half_ > 0; half_ /= 2) {
        if (item < half_) work[item] += work[item + half_];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float sum = work[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return sum;
}

inline float groupMax(float value, __local float *work) {
    const int item = get_local_id(0);
    work[item] = value;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_ = GROUP / 2; half_ > 0; half_ /= 2) {
        if (item < half_) work[item] = fmax(work[item], work[item + half_]);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float most = work[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return most;
}

// Whether float holds a sum of squares well; NaN is what exactly() gives where it overflows.
#define HOLDS(squares) ((squares) >= 1e-30f && (squares) < INFINITY)

// A sum with what rounding lost of it beside (Kahan 1965): one item adds many numbers as exactly as a tree would.
typedef struct { float sum, lost; } Exact;

inline Exact exactly(Exact e, float value) {
    const float y = value - e.lost;
    const float t = e.sum + y;
    e.lost = (t - e.sum) - y;
    e.sum = t;
    return e;
}

// A usual group as DOWN bands of ACROSS items, which share a row or a run of columns: as many as a card starts together.
#if GROUP < 32
#define ACROSS GROUP
#else
#define ACROSS 32
#endif
#define DOWN (GROUP / ACROSS)

// Frozen weights: element i of a row-major matrix as float. The blocks are GGML's, as Blocks.java defines them.
#if defined(FORMAT_F32)
inline float weight(__global const uchar *w, ulong i) { return ((__global const float *)w)[i]; }
#elif defined(FORMAT_BF16)
inline float weight(__global const uchar *w, ulong i) { return as_float((uint)((__global const ushort *)w)[i] << 16); }
#elif defined(FORMAT_F16)
inline float weight(__global const uchar *w, ulong i) { return vload_half(i, (__global const half *)w); }
#else
inline float halfAt(__global const uchar *b) { return vload_half(0, (__global const half *)b); }
inline int nibble(__global const uchar *q, int e) { return e < 16 ? q[e] & 15 : q[e - 16] >> 4; }
inline int bitOf(__global const uchar *q, int e) { return q[e / 8] >> (e % 8) & 1; }
inline int nibbleOf64(__global const uchar *q, int e) {
    const int both = q[e / 64 * 32 + e % 32];
    return e % 64 < 32 ? both & 15 : both >> 4;
}
inline int scaleOf(__global const uchar *s, int j) {
    return j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
}
inline int minimumOf(__global const uchar *s, int j) {
    return j < 4 ? s[j + 4] & 63 : (s[j + 4] >> 4) | (s[j] >> 6) << 4;
}
#if defined(FORMAT_Q8_0)
inline float weight(__global const uchar *w, ulong i) {
    __global const uchar *b = w + i / 32 * 34;
    return halfAt(b) * ((__global const char *)b)[2 + i % 32];
}
#elif defined(FORMAT_Q4_0)
inline float weight(__global const uchar *w, ulong i) {
    __global const uchar *b = w + i / 32 * 18;
    return halfAt(b) * (nibble(b + 2, i % 32) - 8);
}
#elif defined(FORMAT_Q4_1)
inline float weight(__global const uchar *w, ulong i) {
    __global const uchar *b = w + i / 32 * 20;
    return halfAt(b) * nibble(b + 4, i % 32) + halfAt(b + 2);
}
#elif defined(FORMAT_Q5_0)
inline float weight(__global const uchar *w, ulong i) {
    __global const uchar *b = w + i / 32 * 22;
    const int e = i % 32;
    return halfAt(b) * ((nibble(b + 6, e) | bitOf(b + 2, e) << 4) - 16);
}
#elif defined(FORMAT_Q5_1)
inline float weight(__global const uchar *w, ulong i) {
    __global const uchar *b = w + i / 32 * 24;
    const int e = i % 32;
    return halfAt(b) * (nibble(b + 8, e) | bitOf(b + 4, e) << 4) + halfAt(b + 2);
}
#elif defined(FORMAT_Q4_K)
inline float weight(__global const uchar *w, ulong i) {
    __global const uchar *b = w + i / 256 * 144;
    const int e = i % 256;
    const float d = halfAt(b) * scaleOf(b + 4, e / 32);
    const float m = halfAt(b + 2) * minimumOf(b + 4, e / 32);
    return d * nibbleOf64(b + 16, e) - m;
}
#elif defined(FORMAT_Q5_K)
inline float weight(__global const uchar *w, ulong i) {
    __global const uchar *b = w + i / 256 * 176;
    const int e = i % 256;
    const float d = halfAt(b) * scaleOf(b + 4, e / 32);
    const float m = halfAt(b + 2) * minimumOf(b + 4, e / 32);
    return d * (nibbleOf64(b + 48, e) | (b[16 + e % 32] >> (e / 32) & 1) << 4) - m;
}
#elif defined(FORMAT_Q6_K)
inline float weight(__global const uchar *w, ulong i) {
    __global const uchar *b = w + i / 256 * 210;
    const int e = i % 256;
    const int half_ = e / 128;
    const int run = e % 128 / 32;
    const int both = b[half_ * 64 + run % 2 * 32 + e % 32];
    const int low = run < 2 ? both & 15 : both >> 4;
    const int high = b[128 + half_ * 32 + e % 32] >> (2 * run) & 3;
    return halfAt(b + 208) * ((__global const char *)b)[192 + e / 16] * ((low | high << 4) - 32);
}
#endif
#endif
