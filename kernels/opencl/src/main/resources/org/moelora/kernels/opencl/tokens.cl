// See Tokens.java. An index outside its table sets faults[0], and nothing is read or written for it.

__kernel void embed(
        const int rows,
        const int cols,
        const int entries,
        ARG(const int, ids),
        __global const uchar *w_buffer,
        const ulong w_from,
        ARG(float, y),
        __global int *faults) {
    USE(const int, ids);
    USE(float, y);
    ITEM(i, (ulong)rows * cols);
    const size_t t = i / cols;
    const int id = ids[t];
    if (id < 0 || id >= entries) {
        faults[0] = 1;
        return;
    }
    y[i] = weight(w_buffer + w_from, (ulong)id * cols + i % cols);
}

__kernel void gather(
        const int rows,
        const int cols,
        const ulong entries,
        ARG(const int, ids),
        ARG(const float, table),
        ARG(float, y),
        __global int *faults) {
    USE(const int, ids);
    USE(const float, table);
    USE(float, y);
    ITEM(i, (ulong)rows * cols);
    const int id = ids[i / cols];
    if (id < 0 || (ulong)id >= entries) {
        faults[0] = 1;
        return;
    }
    y[i] = table[(ulong)id * cols + i % cols];
}

// One item for each column, so that every element is added to in the order of the rows.
__kernel void scatterAdd(
        const int rows,
        const int cols,
        const ulong entries,
        ARG(const int, ids),
        ARG(const float, x),
        ARG(float, table),
        __global int *faults) {
    USE(const int, ids);
    USE(const float, x);
    USE(float, table);
    ITEM(i, cols);
    for (int t = 0; t < rows; t++) {
        const int id = ids[t];
        if (id < 0 || (ulong)id >= entries) {
            faults[0] = 1;
        } else {
            table[(ulong)id * cols + i] += x[(ulong)t * cols + i];
        }
    }
}

// One group for each row. dLogits may be logits: an item writes only what it has read itself.
__kernel void crossEntropy(
        const int classes,
        ARG(const float, logits),
        ARG(const int, targets),
        const float scale,
        ARG(float, losses),
        const int backward,
        ARG(float, dLogits),
        __global int *faults) {
    USE(const float, logits);
    USE(const int, targets);
    USE(float, losses);
    USE(float, dLogits);
    __local float work[GROUP];
    const size_t t = get_group_id(0);
    const int item = get_local_id(0);
    const ulong row = t * classes;
    const int asked = targets[t];
    const int target = asked < 0 || asked >= classes ? 0 : asked;
    if (asked != target && item == 0) faults[0] = 1;
    float most = -INFINITY;
    for (int c = item; c < classes; c += GROUP) most = fmax(most, logits[row + c]);
    most = groupMax(most, work);
    Exact e = {0, 0};
    for (int c = item; c < classes; c += GROUP) e = exactly(e, exp(logits[row + c] - most));
    const float sum = groupSum(e.sum, work);
    if (item == 0) losses[t] = log(sum) + (most - logits[row + target]);
    barrier(CLK_GLOBAL_MEM_FENCE);
    if (backward) {
        for (int c = item; c < classes; c += GROUP) {
            dLogits[row + c] = scale * (exp(logits[row + c] - most) / sum - (c == target ? 1.0f : 0.0f));
        }
    }
}
