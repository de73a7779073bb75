// See Rows.java. Where a row is reduced, one group has it; an item reads again what it read before, so outputs may be inputs.

#define ROW const size_t t = get_group_id(0); const int item = get_local_id(0); const ulong row = t * cols; __local float work[GROUP]
#define EACH(i) for (int i = item; i < cols; i += GROUP)

__kernel void softmax(const int cols, ARG(const float, x), ARG(float, y)) {
    USE(const float, x);
    USE(float, y);
    ROW;
    float most = -INFINITY;
    EACH(i) most = fmax(most, x[row + i]);
    most = groupMax(most, work);
    float sum = 0;
    EACH(i) sum += exp(x[row + i] - most);
    sum = groupSum(sum, work);
    EACH(i) y[row + i] = exp(x[row + i] - most) / sum;
}

__kernel void softmaxGrad(
        const int cols, ARG(const float, y), ARG(const float, dy), ARG(float, dx), const int accumulate) {
    USE(const float, y);
    USE(const float, dy);
    USE(float, dx);
    ROW;
    float dot_ = 0;
    EACH(i) dot_ += y[row + i] * dy[row + i];
    dot_ = groupSum(dot_, work);
    EACH(i) PUT(dx, row + i, y[row + i] * (dy[row + i] - dot_), accumulate);
}

// sqrt(mean of TERM^2 + eps) of a row whose squares float does not hold, from the terms over the largest of them; set to the result of the usual way
// where there is no such largest.
#define ROOT_OF_SQUARES(root, eps, TERM)                                                        \
    float largest_ = 0;                                                                         \
    EACH(i) largest_ = fmax(largest_, fabs(TERM));                                              \
    largest_ = groupMax(largest_, work);                                                        \
    if (largest_ > 0 && largest_ < INFINITY) {                                                  \
        float scaled_ = 0;                                                                      \
        EACH(i) scaled_ += ((TERM) / largest_) * ((TERM) / largest_);                           \
        root = hypot(largest_ * sqrt(groupSum(scaled_, work) / cols), sqrt(eps));               \
    }

__kernel void rmsNorm(
        const int cols, const float eps, ARG(const float, x), ARG(const float, weight), ARG(float, y), ARG(float, rstd)) {
    USE(const float, x);
    USE(const float, weight);
    USE(float, y);
    USE(float, rstd);
    ROW;
    float sum = 0;
    EACH(i) sum += x[row + i] * x[row + i];
    sum = groupSum(sum, work);
    float root = sqrt(sum / cols + eps);
    if (!HOLDS(sum)) {
        ROOT_OF_SQUARES(root, eps, x[row + i]);
    }
    const float r = 1 / root;
    if (item == 0) rstd[t] = r;
    EACH(i) y[row + i] = x[row + i] * r * weight[i];
}

__kernel void rmsNormGrad(
        const int cols,
        ARG(const float, x),
        ARG(const float, weight),
        ARG(const float, rstd),
        ARG(const float, dy),
        ARG(float, dx),
        const int accumulate) {
    USE(const float, x);
    USE(const float, weight);
    USE(const float, rstd);
    USE(const float, dy);
    USE(float, dx);
    ROW;
    const float r = rstd[t];
    float sum = 0;
    EACH(i) sum += weight[i] * dy[row + i] * (x[row + i] * r);
    const float mean = groupSum(sum, work) / cols;
    EACH(i) PUT(dx, row + i, r * (weight[i] * dy[row + i] - x[row + i] * r * mean), accumulate);
}

// One item for each column: neighbours read neighbours, and each sum has the order of the rows.
// Sums down columns in two steps. A group has ACROSS columns of some rows and goes over them in DOWN bands; columnJoin adds up the groups' sums.
#define DOWN_COLUMNS(TERM)                                                                      \
    __local float work[GROUP];                                                                  \
    const int item = get_local_id(0);                                                           \
    const int column = get_group_id(0) * ACROSS + item % ACROSS;                                \
    const int part = get_group_id(1);                                                           \
    const int from = (int)min((long)rows, (long)part * rowsOfPart);                             \
    const int to = (int)min((long)rows, (long)from + rowsOfPart);                               \
    Exact e = {0, 0};                                                                           \
    if (column < cols) {                                                                        \
        for (int t = from + item / ACROSS; t < to; t += DOWN) {                                 \
            const ulong at = (ulong)t * cols + column;                                          \
            e = exactly(e, TERM);                                                               \
        }                                                                                       \
    }                                                                                           \
    work[item] = e.sum;                                                                         \
    barrier(CLK_LOCAL_MEM_FENCE);                                                               \
    for (int half_ = DOWN / 2; half_ > 0; half_ /= 2) {                                         \
        if (item < half_ * ACROSS) work[item] += work[item + half_ * ACROSS];                   \
        barrier(CLK_LOCAL_MEM_FENCE);                                                           \
    }                                                                                           \
    if (item < ACROSS && column < cols) partials[(ulong)part * cols + column] = work[item]

__kernel void columnSum(
        const int rows, const int cols, const int rowsOfPart, __global float *partials, ARG(const float, x)) {
    USE(const float, x);
    DOWN_COLUMNS(x[at]);
}

__kernel void rmsNormWeightGrad(
        const int rows,
        const int cols,
        const int rowsOfPart,
        __global float *partials,
        ARG(const float, x),
        ARG(const float, rstd),
        ARG(const float, dy)) {
    USE(const float, x);
    USE(const float, rstd);
    USE(const float, dy);
    DOWN_COLUMNS(dy[at] * (x[at] * rstd[t]));
}

__kernel void columnJoin(
        const int parts, const int cols, __global const float *partials, ARG(float, out), const int accumulate) {
    USE(float, out);
    ITEM(i, cols);
    float sum = 0;
    for (int part = 0; part < parts; part++) sum += partials[(ulong)part * cols + i];
    PUT(out, i, sum, accumulate);
}

__kernel void layerNorm(
        const int cols,
        const float eps,
        ARG(const float, x),
        ARG(const float, weight),
        ARG(const float, bias),
        ARG(float, y),
        ARG(float, stats)) {
    USE(const float, x);
    USE(const float, weight);
    USE(const float, bias);
    USE(float, y);
    USE(float, stats);
    ROW;
    float sum = 0;
    EACH(i) sum += x[row + i];
    float mean = groupSum(sum, work) / cols;
    if (!(fabs(mean) < INFINITY)) { // the sum is beyond float, the mean need not be
        sum = 0;
        EACH(i) sum += x[row + i] / cols;
        mean = groupSum(sum, work);
    }
    float squares = 0;
    EACH(i) {
        const float off = x[row + i] - mean;
        squares += off * off;
    }
    squares = groupSum(squares, work);
    float root = sqrt(squares / cols + eps);
    if (!HOLDS(squares)) {
        ROOT_OF_SQUARES(root, eps, x[row + i] - mean);
    }
    const float r = 1 / root;
    if (item == 0) {
        stats[2 * t] = mean;
        stats[2 * t + 1] = r;
    }
    EACH(i) y[row + i] = (x[row + i] - mean) * r * weight[i] + bias[i];
}

__kernel void layerNormGrad(
        const int cols,
        ARG(const float, x),
        ARG(const float, weight),
        ARG(const float, stats),
        ARG(const float, dy),
        ARG(float, dx),
        const int accumulate) {
    USE(const float, x);
    USE(const float, weight);
    USE(const float, stats);
    USE(const float, dy);
    USE(float, dx);
    ROW;
    const float mean = stats[2 * t];
    const float r = stats[2 * t + 1];
    float sum = 0;
    float dot_ = 0;
    EACH(i) {
        const float d = weight[i] * dy[row + i];
        sum += d;
        dot_ += d * (x[row + i] - mean) * r;
    }
    sum = groupSum(sum, work) / cols;
    dot_ = groupSum(dot_, work) / cols;
    EACH(i) PUT(dx, row + i, r * (weight[i] * dy[row + i] - sum - (x[row + i] - mean) * r * dot_), accumulate);
}

__kernel void copyRows(
        const int rows,
        const int width,
        ARG(const float, x),
        const int ldx,
        ARG(float, y),
        const int ldy,
        const int accumulate) {
    USE(const float, x);
    USE(float, y);
    ITEM(i, (ulong)rows * width);
    const size_t t = i / width;
    const size_t column = i % width;
    PUT(y, t * ldy + column, x[t * ldx + column], accumulate);
}

__kernel void scaleColumns(
        const int rows, const int cols, ARG(const float, x), ARG(const float, scale), ARG(float, y), const int accumulate) {
    USE(const float, x);
    USE(const float, scale);
    USE(float, y);
    ITEM(i, (ulong)rows * cols);
    PUT(y, i, x[i] * scale[i % cols], accumulate);
}

__kernel void rowDots(
        const int cols, ARG(const float, a), ARG(const float, b), ARG(float, out), const int accumulate) {
    USE(const float, a);
    USE(const float, b);
    USE(float, out);
    ROW;
    float sum = 0;
    EACH(i) sum += a[row + i] * b[row + i];
    sum = groupSum(sum, work);
    if (item == 0) PUT(out, t, sum, accumulate);
}

__kernel void addBias(const int rows, const int cols, ARG(const float, bias), ARG(float, y)) {
    USE(const float, bias);
    USE(float, y);
    ITEM(i, (ulong)rows * cols);
    y[i] += bias[i % cols];
}

// An angle is position times turns: turns are fractions of a whole turn times 2^64, and what overflows is whole turns, so no
// position is too far for float32 and nothing needs float64.
__kernel void ropeTable(
        const int rows, const int half_, __global const ulong *turns, ARG(const int, positions), ARG(float, table)) {
    USE(const int, positions);
    USE(float, table);
    ITEM(i, (ulong)rows * half_);
    const size_t t = i / half_;
    const size_t pair = i % half_;
    const ulong turn = (ulong)(long)positions[t] * turns[pair];
    const float halves = (float)(long)turn * 0x1p-63f;
    table[t * 2 * half_ + pair] = cospi(halves);
    table[t * 2 * half_ + half_ + pair] = sinpi(halves);
}

__kernel void rope(
        const int rows,
        const int heads,
        const int headDim,
        ARG(const float, table),
        const int interleaved,
        const float sign_,
        ARG(const float, x),
        ARG(float, y),
        const int accumulate) {
    USE(const float, table);
    USE(const float, x);
    USE(float, y);
    const int half_ = headDim / 2;
    ITEM(n, (ulong)rows * heads * half_);
    const size_t pair = n % half_;
    const size_t head = n / half_;
    const size_t t = head / heads;
    const float c = table[t * headDim + pair];
    const float s = table[t * headDim + half_ + pair] * sign_;
    const size_t a = head * headDim + (interleaved ? 2 * pair : pair);
    const size_t b = head * headDim + (interleaved ? 2 * pair + 1 : half_ + pair);
    const float first = x[a];
    const float second = x[b];
    PUT(y, a, first * c - second * s, accumulate);
    PUT(y, b, second * c + first * s, accumulate);
}

// Two steps for a sum over everything: each group its share, then one group the groups' sums.
__kernel void sums(const ulong n, ARG(const float, x), __global float *partial) {
    USE(const float, x);
    __local float work[GROUP];
    Exact e = {0, 0};
    for (size_t i = get_global_id(0); i < n; i += get_global_size(0)) e = exactly(e, x[i]);
    const float sum = groupSum(e.sum, work);
    if (get_local_id(0) == 0) partial[get_group_id(0)] = sum;
}

__kernel void sumOfSums(
        const int groups, __global const float *partial, const float scale, ARG(float, out), const int accumulate) {
    USE(float, out);
    __local float work[GROUP];
    float sum = 0;
    for (int i = get_local_id(0); i < groups; i += GROUP) sum += partial[i];
    sum = groupSum(sum, work);
    if (get_local_id(0) == 0) PUT(out, 0, scale * sum, accumulate);
}

// C = alpha * the sum of what the groups of a product left, one [m, n] each, + beta C.
__kernel void gemmJoin(
        const int parts,
        const int m,
        const int n,
        const float alpha,
        __global const float *partials,
        const float beta,
        ARG(float, c),
        const int ldc) {
    USE(float, c);
    const ulong size = (ulong)m * n;
    ITEM(i, size);
    float sum = 0;
    for (int part = 0; part < parts; part++) sum += partials[part * size + i];
    const ulong at = i / n * ldc + i % n;
    c[at] = alpha * sum + (beta == 0 ? 0 : beta * c[at]);
}
