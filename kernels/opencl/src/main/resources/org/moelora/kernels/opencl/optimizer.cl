// See Optimizer.java.

// The norm of each group's share of x, in partial_g for group g. Where float does not hold the squares they are taken of x over the largest.
__kernel void norms(const ulong n, ARG(const float, x), __global float *partial) {
    USE(const float, x);
    __local float work[GROUP];
    Exact e = {0, 0};
    for (size_t i = get_global_id(0); i < n; i += get_global_size(0)) e = exactly(e, x[i] * x[i]);
    const float sum = groupSum(e.sum, work);
    float norm = sqrt(sum);
    if (!HOLDS(sum)) {
        float most = 0;
        for (size_t i = get_global_id(0); i < n; i += get_global_size(0)) most = fmax(most, fabs(x[i]));
        most = groupMax(most, work);
        if (most == INFINITY) {
            norm = INFINITY;
        } else if (most > 0) {
            Exact scaled = {0, 0};
            for (size_t i = get_global_id(0); i < n; i += get_global_size(0)) {
                scaled = exactly(scaled, (x[i] / most) * (x[i] / most));
            }
            norm = most * sqrt(groupSum(scaled.sum, work));
        }
    }
    if (get_local_id(0) == 0) partial[get_group_id(0)] = norm;
}

// The norm of the groups' norms, in one group.
__kernel void normOfNorms(const int groups, __global const float *partial, ARG(float, out)) {
    USE(float, out);
    __local float work[GROUP];
    float most = 0;
    float plain = 0;
    for (int i = get_local_id(0); i < groups; i += GROUP) {
        most = fmax(most, partial[i]);
        plain += partial[i];
    }
    most = groupMax(most, work);
    plain = groupSum(plain, work); // zero, infinite, or NaN where the other way has no answer
    float sum = 0;
    if (most > 0 && most < INFINITY) {
        for (int i = get_local_id(0); i < groups; i += GROUP) sum += (partial[i] / most) * (partial[i] / most);
    }
    sum = groupSum(sum, work);
    if (get_local_id(0) == 0) out[0] = most > 0 && most < INFINITY ? most * sqrt(sum) : plain;
}

__kernel void clipScale(ARG(const float, norm), const float maxNorm, ARG(float, out)) {
    USE(const float, norm);
    USE(float, out);
    ITEM(i, 1);
    out[0] = maxNorm > 0 ? fmin(1.0f, maxNorm / (norm[0] + 1e-6f)) : 1.0f;
}

// The coefficients are rounded from double on the host: less1 = 1 - beta1, kept = 1 - rate decay, over1 = 1 / (1 - beta1^step).
__kernel void adamW(
        const ulong n,
        ARG(float, w),
        ARG(const float, grad),
        ARG(float, m),
        ARG(float, v),
        ARG(const float, gradScale),
        const float rate,
        const float beta1,
        const float less1,
        const float beta2,
        const float less2,
        const float eps,
        const float kept,
        const float over1,
        const float over2) {
    USE(float, w);
    USE(const float, grad);
    USE(float, m);
    USE(float, v);
    USE(const float, gradScale);
    ITEM(i, n);
    const float g = gradScale[0] * grad[i];
    const float mean = beta1 * m[i] + less1 * g;
    const float square = beta2 * v[i] + less2 * g * g;
    m[i] = mean;
    v[i] = square;
    w[i] = w[i] * kept - rate * (mean * over1 / (sqrt(square * over2) + eps));
}
