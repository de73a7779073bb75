// The contrastive losses of Mixture.java. Products s are symmetric, so the gradient of the product of i and j needs what is known of both rows
// and one number of s: every element of d is made from the same element of s, and d may be s.

// What is known of rows, between the steps: 1 / n_i; most_i = max_{a != i} cos_ia; log sum_{a != i} g_a exp((cos_ia - most_i) / tau), as a sum of
// both would lose the second at a low temperature; 1 / W_i, or 0 for a pair that is no anchor; the row's loss; its gate g_i, 1 for all if there are
// none, and 0 for a pair that takes no part; the mean of (cos_ip - most_i) / tau over its positives. And of all: 1 / (Gamma tau), the mean of the losses,
// 1 / sum of gates.
#define NORMS(room) (room)
#define MOSTS(room) ((room) + n)
#define LOG_SUMS(room) ((room) + 2 * n)
#define SHARES(room) ((room) + 3 * n)
#define LOSSES(room) ((room) + 4 * n)
#define GATES(room) ((room) + 5 * n)
#define MEANS(room) ((room) + 6 * n)
#define SCALE(room) ((room)[7 * n])
#define MEAN_LOSS(room) ((room)[7 * n + 1])
#define OF_ALL(room) ((room)[7 * n + 2])

// 1 / sqrt(square + eps^2); a square that rounding has left a little below zero counts as zero.
inline float inverseNorm(float square, float eps) {
    return 1 / sqrt(fmax(square, 0.0f) + eps * eps);
}

__kernel void contrastNorms(
        const int n,
        const int experts,
        const float eps,
        ARG(const float, s),
        ARG(const int, expertOf),
        const int gated,
        const float least,
        ARG(const float, gates),
        __global float *room,
        __global int *faults) {
    USE(const float, s);
    USE(const int, expertOf);
    USE(const float, gates);
    ITEM(i, n);
    NORMS(room)[i] = inverseNorm(s[(ulong)i * n + i], eps);
    float g = 1;
    if (gated) {
        const int e = expertOf[i];
        if (e < 0 || e >= experts) {
            faults[0] = 1;
            g = 0;
        } else {
            g = gates[(ulong)i * experts + e];
        }
    }
    GATES(room)[i] = g < least ? 0 : g;
}

// One group for each row.
__kernel void contrastRows(
        const int n, const float tau, ARG(const float, s), ARG(const int, expertOf), __global float *room) {
    USE(const float, s);
    USE(const int, expertOf);
    __global const float *norms = NORMS(room);
    __global const float *gates = GATES(room);
    __local float work[GROUP];
    const int item = get_local_id(0);
    const int i = get_group_id(0);
    const float norm = norms[i];
    const int expert = expertOf[i];
    float most = -INFINITY;
    for (int a = item; a < n; a += GROUP) {
        if (a != i && gates[a] > 0) most = fmax(most, s[(ulong)i * n + a] * norms[a] * norm);
    }
    most = groupMax(most, work);
    float sum = 0;
    float ofPositives = 0;
    float positives = 0;
    for (int a = item; a < n; a += GROUP) {
        if (a == i || gates[a] == 0) continue;
        const float z = (s[(ulong)i * n + a] * norms[a] * norm - most) / tau;
        sum += gates[a] * exp(z);
        if (expertOf[a] == expert) {
            ofPositives += gates[a] * z;
            positives += gates[a];
        }
    }
    sum = groupSum(sum, work);
    ofPositives = groupSum(ofPositives, work);
    positives = groupSum(positives, work);
    if (item == 0) {
        const int anchor = positives > 0 && gates[i] > 0;
        MOSTS(room)[i] = most;
        LOG_SUMS(room)[i] = log(sum);
        SHARES(room)[i] = anchor ? 1 / positives : 0;
        MEANS(room)[i] = anchor ? ofPositives / positives : 0;
        LOSSES(room)[i] = anchor ? log(sum) - ofPositives / positives : 0;
    }
}

// One group.
__kernel void contrastLoss(const int n, const float tau, __global float *room, ARG(float, loss)) {
    USE(float, loss);
    __local float work[GROUP];
    float sum = 0;
    float ofAnchors = 0;
    float ofAll = 0;
    float count = 0;
    for (int i = get_local_id(0); i < n; i += GROUP) {
        const float g = GATES(room)[i];
        sum += g * LOSSES(room)[i];
        ofAnchors += SHARES(room)[i] > 0 ? g : 0;
        ofAll += g;
        count += g > 0;
    }
    sum = groupSum(sum, work);
    ofAnchors = groupSum(ofAnchors, work);
    ofAll = groupSum(ofAll, work);
    count = groupSum(count, work);
    if (get_local_id(0) == 0) {
        const int any = ofAnchors > 0;
        loss[0] = any ? sum / ofAnchors - log(ofAll / count) : 0;
        SCALE(room) = any ? 1 / (ofAnchors * tau) : 0;
        MEAN_LOSS(room) = any ? sum / ofAnchors : 0;
        OF_ALL(room) = any ? 1 / ofAll : 0;
    }
}

// One group for each row of d.
__kernel void contrastGrad(
        const int n,
        const float tau,
        ARG(const float, s),
        ARG(const int, expertOf),
        __global const float *room,
        ARG(float, d)) {
    USE(const float, s);
    USE(const int, expertOf);
    USE(float, d);
    __global const float *norms = NORMS(room);
    __global const float *mosts = MOSTS(room);
    __global const float *logSums = LOG_SUMS(room);
    __global const float *shares = SHARES(room);
    __global const float *gates = GATES(room);
    __local float work[GROUP];
    const int item = get_local_id(0);
    const int i = get_group_id(0);
    const float scale = SCALE(room);
    const float norm = norms[i];
    const float most = mosts[i];
    const float logSum = logSums[i];
    const float share = shares[i];
    const float gate = gates[i];
    const int expert = expertOf[i];
    float along = 0;
    for (int j = item; j < n; j += GROUP) {
        if (j == i) continue;
        if (gate == 0 || gates[j] == 0) {
            d[(ulong)i * n + j] = 0;
            continue;
        }
        const float cosine = s[(ulong)i * n + j] * norms[j] * norm;
        const int positive = expertOf[j] == expert;
        const float ij = share > 0 ? exp((cosine - most) / tau - logSum) - (positive ? share : 0) : 0;
        const float ji = shares[j] > 0 ? exp((cosine - mosts[j]) / tau - logSums[j]) - (positive ? shares[j] : 0) : 0;
        const float c = (ij + ji) * (gate * gates[j]) * scale;
        along += c * cosine;
        d[(ulong)i * n + j] = c * (norm * norms[j]);
    }
    along = groupSum(along, work);
    if (item == 0) d[(ulong)i * n + i] = -along * norm * norm;
}

// The gradient in the gates. One group for each pair.
__kernel void contrastGates(
        const int n,
        const int experts,
        const float tau,
        ARG(const float, s),
        ARG(const int, expertOf),
        __global const float *room,
        ARG(float, dGates)) {
    USE(const float, s);
    USE(const int, expertOf);
    USE(float, dGates);
    __global const float *norms = NORMS(room);
    __global const float *shares = SHARES(room);
    __local float work[GROUP];
    const int item = get_local_id(0);
    const int i = get_group_id(0);
    const int takesPart = GATES(room)[i] > 0;
    float sum = 0;
    for (int j = item; j < n; j += GROUP) {
        if (j == i || !takesPart || shares[j] == 0) continue;
        const float z = (s[(ulong)i * n + j] * norms[j] * norms[i] - MOSTS(room)[j]) / tau;
        const float pull = expertOf[j] == expertOf[i] ? (z - MEANS(room)[j]) * shares[j] : 0;
        sum += GATES(room)[j] * (exp(z - LOG_SUMS(room)[j]) - pull);
    }
    sum = groupSum(sum, work);
    const float own = shares[i] > 0 ? LOSSES(room)[i] - MEAN_LOSS(room) : 0;
    const float gradient = takesPart ? (own + sum) * (SCALE(room) * tau) - OF_ALL(room) : 0;
    for (int e = item; e < experts; e += GROUP) dGates[(ulong)i * experts + e] = e == expertOf[i] ? gradient : 0;
}

// out_0 = scale * the sum of the terms, in one group.
__kernel void sumTerms(const int n, __global const float *terms, const float scale, ARG(float, out)) {
    USE(float, out);
    __local float work[GROUP];
    float sum = 0;
    for (int i = get_local_id(0); i < n; i += GROUP) sum += terms[i];
    sum = groupSum(sum, work);
    if (get_local_id(0) == 0) out[0] = scale * sum;
}

#ifdef EXPERTS
// 1 - w and -log w of w = 1 / (1 + exp(x)), for any x
inline float rest(float x) {
    return 1 / (1 + exp(-x));
}

inline float softplus(float x) {
    return fmax(x, 0.0f) + log1p(exp(-fabs(x)));
}

// What pair (i, j) of one token has in common with all others of row i: the gradient G_ij without its scale. With x = logSums_i + (mosts_i - cos_ij) / tau,
// 1 - w_ij = 1 / (1 + exp(-x)); pulls_i is the sum of that over the positives of i.
inline float ofToken(int i, int j, float cosine, float tau, __local const int *chosen, __local const float *mosts,
        __local const float *logSums, __local const float *pulls) {
    if (!chosen[i] || i == j) return 0;
    const float x = logSums[i] + (mosts[i] - cosine) / tau;
    return chosen[j] ? -rest(x) : pulls[i] * exp(-x);
}

// One group for each token.
__kernel void tokenContrast(
        const int k,
        const float tau,
        const float eps,
        const float scale,
        ARG(const float, s),
        ARG(const int, selected),
        __global float *losses,
        ARG(float, d),
        __global int *faults) {
    USE(const float, s);
    USE(const int, selected);
    USE(float, d);
    __local int chosen[EXPERTS];
    __local float norms[EXPERTS];
    __local float mosts[EXPERTS];
    __local float logSums[EXPERTS];
    __local float pulls[EXPERTS];
    __local float along[EXPERTS];
    __local float ofRows[EXPERTS];
    const int item = get_local_id(0);
    const ulong t = get_group_id(0);
    const ulong at = t * EXPERTS * EXPERTS;
    for (int e = item; e < EXPERTS; e += GROUP) {
        chosen[e] = 0;
        norms[e] = inverseNorm(s[at + e * EXPERTS + e], eps);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int j = item; j < k; j += GROUP) {
        const int e = selected[t * k + j];
        if (e < 0 || e >= EXPERTS) {
            faults[0] = 1;
        } else {
            chosen[e] = 1;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = item; i < EXPERTS; i += GROUP) {
        float most = -INFINITY;
        for (int a = 0; a < EXPERTS; a++) {
            if (!chosen[a]) most = fmax(most, s[at + i * EXPERTS + a] * norms[a] * norms[i]);
        }
        float sum = 0;
        for (int a = 0; a < EXPERTS; a++) {
            if (!chosen[a]) sum += exp((s[at + i * EXPERTS + a] * norms[a] * norms[i] - most) / tau);
        }
        mosts[i] = most;
        logSums[i] = log(sum); // without negatives both are -INFINITY and w is one
        float pull = 0;
        float loss = 0;
        for (int p = 0; p < EXPERTS; p++) {
            if (!chosen[i] || !chosen[p] || p == i) continue;
            const float x = logSums[i] + (most - s[at + i * EXPERTS + p] * norms[p] * norms[i]) / tau;
            pull += rest(x);
            loss += softplus(x);
        }
        pulls[i] = pull;
        ofRows[i] = loss;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = item; i < EXPERTS; i += GROUP) {
        float sum = 0;
        for (int j = 0; j < EXPERTS; j++) {
            const float cosine = s[at + i * EXPERTS + j] * norms[j] * norms[i];
            sum += (ofToken(i, j, cosine, tau, chosen, mosts, logSums, pulls) + ofToken(j, i, cosine, tau, chosen, mosts, logSums, pulls))
                    * cosine;
        }
        along[i] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    for (int n = item; n < EXPERTS * EXPERTS; n += GROUP) {
        const int i = n / EXPERTS;
        const int j = n % EXPERTS;
        const float both = norms[i] * norms[j];
        const float cosine = s[at + n] * both;
        const float c = i == j
                ? -along[i]
                : ofToken(i, j, cosine, tau, chosen, mosts, logSums, pulls) + ofToken(j, i, cosine, tau, chosen, mosts, logSums, pulls);
        d[at + n] = scale * c * both;
    }
    if (item == 0) {
        float loss = 0;
        for (int i = 0; i < EXPERTS; i++) loss += ofRows[i];
        losses[t] = loss;
    }
}
#endif
