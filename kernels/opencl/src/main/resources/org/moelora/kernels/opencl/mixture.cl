// See Mixture.java. T tokens, E experts, k chosen of them, rank r. An expert or a pair outside its table sets faults[0], and nothing is read or
// written for it.

// Divisions of 64 bits are many instructions on a graphics card, and hardly an index needs them.
inline ulong quotient(ulong i, uint by) {
    return i >> 32 ? i / by : (uint)i / by;
}

// NaN is less than all numbers, so k experts are chosen whatever p is.
inline float rankOf(float p) {
    return isnan(p) ? -INFINITY : p;
}

#define RANK_OF(e) rankOf(biased ? p[row + (e)] + bias[e] : p[row + (e)])

// One item for each token. The next best is the best of those that come after the last one, by value, then by number.
__kernel void topK(
        const int tokens,
        const int experts,
        const int k,
        const int renormalise,
        ARG(const float, p),
        const int biased,
        ARG(const float, bias),
        ARG(int, selected),
        ARG(float, g)) {
    USE(const float, p);
    USE(const float, bias);
    USE(int, selected);
    USE(float, g);
    ITEM(t, tokens);
    const ulong row = (ulong)t * experts;
    float last = INFINITY;
    int lastExpert = -1;
    for (int j = 0; j < k; j++) {
        float best = -INFINITY;
        int bestExpert = -1;
        for (int e = 0; e < experts; e++) {
            const float x = RANK_OF(e);
            const int after = x < last || (x == last && e > lastExpert);
            if (after && (bestExpert < 0 || x > best)) {
                best = x;
                bestExpert = e;
            }
        }
        last = best;
        lastExpert = bestExpert;
    }
    float z = 0;
    int j = 0;
    for (int e = 0; e < experts; e++) {
        const float x = RANK_OF(e);
        if (x > last || (x == last && e <= lastExpert)) {
            selected[(ulong)t * k + j++] = e;
            z += p[row + e];
        }
    }
    for (int e = 0; e < experts; e++) {
        const float x = RANK_OF(e);
        const int chosen = x > last || (x == last && e <= lastExpert);
        g[row + e] = !chosen ? 0 : renormalise ? p[row + e] / z : p[row + e];
    }
}

__kernel void topKGrad(
        const int tokens,
        const int experts,
        const int k,
        const int renormalise,
        ARG(const float, p),
        ARG(const int, selected),
        ARG(const float, g),
        ARG(const float, dg),
        ARG(float, dp),
        const int accumulate,
        __global int *faults) {
    USE(const float, p);
    USE(const int, selected);
    USE(const float, g);
    USE(const float, dg);
    USE(float, dp);
    ITEM(t, tokens);
    const ulong row = (ulong)t * experts;
    float z = 0;
    float inner = 0;
    for (int j = 0; j < k; j++) {
        const int e = selected[(ulong)t * k + j];
        if (e < 0 || e >= experts) {
            faults[0] = 1;
            return;
        }
        z += p[row + e];
        inner += g[row + e] * dg[row + e];
    }
    if (!accumulate) {
        for (int e = 0; e < experts; e++) dp[row + e] = 0;
    }
    for (int j = 0; j < k; j++) {
        const int e = selected[(ulong)t * k + j];
        dp[row + e] += renormalise ? (dg[row + e] - inner) / z : dg[row + e];
    }
}

__kernel void threshold(
        const int tokens, const int experts, ARG(const float, p), ARG(const float, threshold), ARG(float, g)) {
    USE(const float, p);
    USE(const float, threshold);
    USE(float, g);
    ITEM(t, tokens);
    const ulong row = (ulong)t * experts;
    const float h = threshold[t];
    float z = 0;
    for (int e = 0; e < experts; e++) z += fmax(0.0f, p[row + e] - h);
    for (int e = 0; e < experts; e++) g[row + e] = z == 0 ? 0 : fmax(0.0f, p[row + e] - h) / z;
}

__kernel void thresholdGrad(
        const int tokens,
        const int experts,
        ARG(const float, p),
        ARG(const float, threshold),
        ARG(const float, g),
        ARG(const float, dg),
        ARG(float, dp),
        const int modeP,
        ARG(float, dThreshold),
        const int modeThreshold) {
    USE(const float, p);
    USE(const float, threshold);
    USE(const float, g);
    USE(const float, dg);
    USE(float, dp);
    USE(float, dThreshold);
    ITEM(t, tokens);
    const ulong row = (ulong)t * experts;
    const float h = threshold[t];
    float z = 0;
    float inner = 0;
    for (int e = 0; e < experts; e++) {
        z += fmax(0.0f, p[row + e] - h);
        inner += g[row + e] * dg[row + e];
    }
    float sum = 0;
    for (int e = 0; e < experts; e++) {
        const float dm = p[row + e] > h ? (dg[row + e] - inner) / z : 0;
        PUT_IF_ASKED(dp, row + e, dm, modeP);
        sum += dm;
    }
    PUT_IF_ASKED(dThreshold, t, -sum, modeThreshold);
}

// v may be u: an item writes only what it has read itself.
__kernel void gate(const ulong n, const int rank, ARG(const float, u), ARG(const float, g), ARG(float, v)) {
    USE(const float, u);
    USE(const float, g);
    USE(float, v);
    ITEM(i, n);
    v[i] = g[quotient(i, rank)] * u[i];
}

// One item for each token and expert. du may be dv.
__kernel void gateGrad(
        const ulong tokensByExperts,
        const int rank,
        ARG(const float, u),
        ARG(const float, g),
        ARG(const float, dv),
        ARG(float, du),
        const int modeU,
        ARG(float, dg),
        const int modeG) {
    USE(const float, u);
    USE(const float, g);
    USE(const float, dv);
    USE(float, du);
    USE(float, dg);
    ITEM(te, tokensByExperts);
    const float weight = g[te];
    float inner = 0;
    for (ulong i = (ulong)te * rank; i < ((ulong)te + 1) * rank; i++) {
        const float d = dv[i];
        inner += d * u[i];
        PUT_IF_ASKED(du, i, weight * d, modeU);
    }
    PUT_IF_ASKED(dg, te, inner, modeG);
}

// One group for each expert: its load, and its term of the loss.
__kernel void balance(
        const int tokens,
        const int experts,
        const int k,
        ARG(const float, p),
        ARG(const int, selected),
        ARG(float, load),
        __global float *terms,
        __global int *faults) {
    USE(const float, p);
    USE(const int, selected);
    USE(float, load);
    __local float work[GROUP];
    const int item = get_local_id(0);
    const int e = get_group_id(0);
    float sum = 0;
    for (int t = item; t < tokens; t += GROUP) sum += p[(ulong)t * experts + e];
    int chosen = 0; // of one item exactly, and of all as a float up to 2^24
    for (ulong q = item; q < (ulong)tokens * k; q += GROUP) {
        const int found = selected[q];
        if (found < 0 || found >= experts) faults[0] = 1;
        chosen += found == e;
    }
    const float mean = groupSum(sum, work) / tokens;
    const float share = groupSum(chosen, work) / ((float)tokens * k);
    if (item == 0) {
        load[e] = share;
        terms[e] = share * mean;
    }
}

__kernel void balanceGrad(
        const int tokens, const int experts, ARG(const float, load), ARG(const float, dLoss), ARG(float, dp), const int accumulate) {
    USE(const float, load);
    USE(const float, dLoss);
    USE(float, dp);
    ITEM(i, (ulong)tokens * experts);
    const int e = i - quotient(i, experts) * experts;
    PUT(dp, i, dLoss[0] * experts * load[e] / tokens, accumulate);
}

inline float logOf(float p) {
    return log(fmax(p, 1e-12f));
}

// One group for each expert: its mean share, and its term of the loss.
__kernel void mutualInformation(
        const int tokens, const int experts, ARG(const float, p), ARG(float, mean), __global float *terms) {
    USE(const float, p);
    USE(float, mean);
    __local float work[GROUP];
    const int item = get_local_id(0);
    const int e = get_group_id(0);
    float sum = 0;
    for (int t = item; t < tokens; t += GROUP) sum += p[(ulong)t * experts + e];
    const float share = tokens ? groupSum(sum, work) / tokens : 0;
    float term = 0;
    for (int t = item; t < tokens; t += GROUP) {
        const float x = p[(ulong)t * experts + e];
        term -= x * (logOf(x) - logOf(share));
    }
    const float all = groupSum(term, work);
    if (item == 0) {
        mean[e] = share;
        terms[e] = tokens ? all / tokens : 0;
    }
}

__kernel void mutualInformationGrad(
        const int tokens,
        const int experts,
        ARG(const float, p),
        ARG(const float, mean),
        ARG(const float, dLoss),
        ARG(float, dp),
        const int accumulate) {
    USE(const float, p);
    USE(const float, mean);
    USE(const float, dLoss);
    USE(float, dp);
    ITEM(i, (ulong)tokens * experts);
    const int e = i - quotient(i, experts) * experts;
    PUT(dp, i, dLoss[0] * (logOf(mean[e]) - logOf(p[i])) / tokens, accumulate);
}

#define PAIR(n) (listed ? pairs[n] : (int)(n))

__kernel void selectPairs(
        const int pairCount,
        const int experts,
        const int rank,
        const int k,
        const int listed,
        ARG(const int, pairs),
        ARG(const int, selected),
        const ulong selections,
        ARG(const float, u),
        const ulong tokens,
        ARG(float, uPairs),
        ARG(int, expertOf),
        __global int *faults) {
    USE(const int, pairs);
    USE(const int, selected);
    USE(const float, u);
    USE(float, uPairs);
    USE(int, expertOf);
    const int width = experts * rank;
    ITEM(i, (ulong)pairCount * width);
    const int n = quotient(i, width);
    const int column = i - (ulong)n * width;
    const int pair = PAIR(n);
    const int there = pair >= 0 && (ulong)pair < selections && (ulong)(pair / k) < tokens;
    const int e = there ? selected[pair] : -1;
    if (e < 0 || e >= experts) {
        faults[0] = 1;
        return;
    }
    if (column == 0) expertOf[n] = e;
    uPairs[i] = column / rank == e ? u[(ulong)(pair / k) * width + column] : 0;
}

// Pairs are distinct, so no two items meet.
__kernel void selectPairsGrad(
        const int pairCount,
        const int experts,
        const int rank,
        const int k,
        const int listed,
        ARG(const int, pairs),
        ARG(const int, selected),
        const ulong selections,
        ARG(const float, dUPairs),
        ARG(float, du),
        const ulong tokens,
        __global int *faults) {
    USE(const int, pairs);
    USE(const int, selected);
    USE(const float, dUPairs);
    USE(float, du);
    const int width = experts * rank;
    ITEM(i, (ulong)pairCount * rank);
    const int n = quotient(i, rank);
    const int pair = PAIR(n);
    const int there = pair >= 0 && (ulong)pair < selections && (ulong)(pair / k) < tokens;
    const int e = there ? selected[pair] : -1;
    if (e < 0 || e >= experts) {
        faults[0] = 1;
        return;
    }
    const int column = e * rank + (int)(i - (ulong)n * rank);
    du[(ulong)(pair / k) * width + column] += dUPairs[(ulong)n * width + column];
}
