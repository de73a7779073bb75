// See Optimizer.java.

// Squares of all elements, summed by each group on its own: out_g for group g.
__kernel void squares(const ulong n, ARG(const float, x), __global float *partial) {
    USE(const float, x);
    __local float work[GROUP];
    Exact e = {0, 0};
    for (size_t i = get_global_id(0); i < n; i += get_global_size(0)) e = exactly(e, x[i] * x[i]);
    const float sum = groupSum(e.sum, work);
    if (get_local_id(0) == 0) partial[get_group_id(0)] = sum;
}

__kernel void clipScale(ARG(const float, sumOfSquares), const float maxNorm, ARG(float, out)) {
    USE(const float, sumOfSquares);
    USE(float, out);
    ITEM(i, 1);
    const float norm = sqrt(sumOfSquares[0]);
    out[0] = norm;
    out[1] = maxNorm > 0 ? fmin(1.0f, maxNorm / (norm + 1e-6f)) : 1.0f;
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
