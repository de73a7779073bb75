// See Mixture.java.

// One item for each token. The next chosen is the largest that comes after the last one in the order of p, of equals of the expert: so no
// list of the chosen is needed, and the last chosen one divides the experts into those that are and those that are not.
inline int comesAfter(float p, int e, float last, int lastExpert) { return p < last || (p == last && e > lastExpert); }

__kernel void topK(
        const int tokens,
        const int experts,
        const int k,
        const int renormalise,
        ARG(const float, p),
        ARG(int, selected),
        ARG(float, g)) {
    USE(const float, p);
    USE(int, selected);
    USE(float, g);
    ITEM(t, tokens);
    const ulong row = t * experts;
    float last = INFINITY;
    int lastExpert = -1;
    for (int j = 0; j < k; j++) {
        int best = -1;
        for (int e = 0; e < experts; e++) {
            if (comesAfter(p[row + e], e, last, lastExpert) && (best < 0 || p[row + e] > p[row + best])) best = e;
        }
        if (best < 0) break; // not a number among them
        last = p[row + best];
        lastExpert = best;
    }
    int count = 0;
    float z = 0;
    for (int e = 0; e < experts && count < k; e++) {
        if (!comesAfter(p[row + e], e, last, lastExpert)) {
            selected[t * k + count++] = e;
            z += p[row + e];
        }
    }
    for (; count < k; count++) selected[t * k + count] = count;
    for (int e = 0; e < experts; e++) {
        const float value = p[row + e];
        g[row + e] = comesAfter(value, e, last, lastExpert) ? 0 : renormalise ? value / z : value;
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
        const int accumulate) {
    USE(const float, p);
    USE(const int, selected);
    USE(const float, g);
    USE(const float, dg);
    USE(float, dp);
    ITEM(t, tokens);
    const ulong row = t * experts;
    float z = 0;
    float dot_ = 0;
    for (int j = 0; j < k; j++) {
        const int e = selected[t * k + j];
        z += p[row + e];
        dot_ += g[row + e] * dg[row + e];
    }
    int j = 0;
    for (int e = 0; e < experts; e++) {
        float value = 0;
        if (j < k && selected[t * k + j] == e) {
            j++;
            value = renormalise ? (dg[row + e] - dot_) / z : dg[row + e];
        }
        PUT(dp, row + e, value, accumulate);
    }
}

__kernel void threshold(
        const int tokens, const int experts, ARG(const float, p), ARG(const float, limit), ARG(float, g)) {
    USE(const float, p);
    USE(const float, limit);
    USE(float, g);
    ITEM(t, tokens);
    const ulong row = t * experts;
    float z = 0;
    for (int e = 0; e < experts; e++) z += fmax(0.0f, p[row + e] - limit[t]);
    for (int e = 0; e < experts; e++) g[row + e] = z == 0 ? 0 : fmax(0.0f, p[row + e] - limit[t]) / z;
}

__kernel void thresholdGrad(
        const int tokens,
        const int experts,
        ARG(const float, p),
        ARG(const float, limit),
        ARG(const float, g),
        ARG(const float, dg),
        ARG(float, dp),
        const int accumulateP,
        ARG(float, dLimit),
        const int accumulateLimit) {
    USE(const float, p);
    USE(const float, limit);
    USE(const float, g);
    USE(const float, dg);
    USE(float, dp);
    USE(float, dLimit);
    ITEM(t, tokens);
    const ulong row = t * experts;
    float z = 0;
    float dot_ = 0;
    for (int e = 0; e < experts; e++) {
        z += fmax(0.0f, p[row + e] - limit[t]);
        dot_ += g[row + e] * dg[row + e];
    }
    float sum = 0;
    for (int e = 0; e < experts; e++) {
        const float dm = p[row + e] > limit[t] ? (dg[row + e] - dot_) / z : 0;
        PUT(dp, row + e, dm, accumulateP);
        sum += dm;
    }
    PUT(dLimit, t, -sum, accumulateLimit);
}

__kernel void gate(const ulong n, const int rank, ARG(const float, u), ARG(const float, g), ARG(float, v)) {
    USE(const float, u);
    USE(const float, g);
    USE(float, v);
    ITEM(i, n);
    v[i] = g[i / rank] * u[i];
}

// One item for each token and expert.
__kernel void gateGrad(
        const ulong n,
        const int rank,
        ARG(const float, u),
        ARG(const float, g),
        ARG(const float, dv),
        ARG(float, du),
        const int accumulateU,
        ARG(float, dg),
        const int accumulateG) {
    USE(const float, u);
    USE(const float, g);
    USE(const float, dv);
    USE(float, du);
    USE(float, dg);
    ITEM(te, n);
    const float gate_ = g[te];
    float sum = 0;
    for (size_t i = te * rank; i < (te + 1) * rank; i++) {
        const float d = dv[i];
        sum += d * u[i];
        PUT(du, i, gate_ * d, accumulateU);
    }
    PUT(dg, te, sum, accumulateG);
}

// A group for each expert: its share of the selections, and share times mean probability.
__kernel void balanceOfExperts(
        const int tokens,
        const int experts,
        const int k,
        ARG(const float, p),
        ARG(const int, selected),
        ARG(float, load),
        ARG(float, products)) {
    USE(float, products);
    USE(const float, p);
    USE(const int, selected);
    USE(float, load);
    __local float work[GROUP];
    const int expert = get_group_id(0);
    const int item = get_local_id(0);
    float count = 0;
    Exact sum = {0, 0};
    for (int t = item; t < tokens; t += GROUP) {
        for (int j = 0; j < k; j++) count += selected[(ulong)t * k + j] == expert ? 1 : 0;
        sum = exactly(sum, p[(ulong)t * experts + expert]);
    }
    const float share = groupSum(count, work) / ((float)tokens * k);
    const float mean = groupSum(sum.sum, work) / tokens;
    if (item == 0) {
        load[expert] = share;
        products[expert] = share * mean;
    }
}

// out_0 = scale * sum_i values_i, in one group.
__kernel void total(const int n, ARG(const float, values), const float scale, ARG(float, out)) {
    USE(const float, values);
    USE(float, out);
    __local float work[GROUP];
    Exact e = {0, 0};
    for (int i = get_local_id(0); i < n; i += GROUP) e = exactly(e, values[i]);
    const float sum = groupSum(e.sum, work);
    if (get_local_id(0) == 0) out[0] = scale * sum;
}

__kernel void balanceGrad(
        const int tokens,
        const int experts,
        ARG(const float, load),
        ARG(const float, dLoss),
        ARG(float, dp),
        const int accumulate) {
    USE(const float, load);
    USE(const float, dLoss);
    USE(float, dp);
    ITEM(i, (ulong)tokens * experts);
    PUT(dp, i, dLoss[0] * experts * load[i % experts] / tokens, accumulate);
}

__kernel void selectPairs(
        const int pairCount,
        const int experts,
        const int rank,
        const int k,
        const int all,
        ARG(const int, pairs),
        const ulong selectedLength,
        ARG(const int, selected),
        ARG(const float, u),
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
    const int n = i / width;
    const int column = i % width;
    const int pair = all ? n : pairs[n];
    if (pair < 0 || (ulong)pair >= selectedLength) {
        faults[0] = 1;
        return;
    }
    const int e = selected[pair];
    if (column == 0) expertOf[n] = e;
    uPairs[i] = column / rank == e ? u[(ulong)(pair / k) * width + column] : 0;
}

__kernel void selectPairsGrad(
        const int pairCount,
        const int experts,
        const int rank,
        const int k,
        const int all,
        ARG(const int, pairs),
        const ulong selectedLength,
        ARG(const int, selected),
        ARG(const float, dUPairs),
        ARG(float, du),
        __global int *faults) {
    USE(const int, pairs);
    USE(const int, selected);
    USE(const float, dUPairs);
    USE(float, du);
    const int width = experts * rank;
    ITEM(i, (ulong)pairCount * rank);
    const int n = i / rank;
    const int pair = all ? n : pairs[n];
    if (pair < 0 || (ulong)pair >= selectedLength) {
        faults[0] = 1;
        return;
    }
    const int column = selected[pair] * rank + i % rank;
    du[(ulong)(pair / k) * width + column] += dUPairs[(ulong)n * width + column];
}

// The contrastive loss, in rank space. First for each output its norm and how many others its expert has.
__kernel void normsAndPositives(
        const int n, const float eps, ARG(const float, s), ARG(const int, expertOf), ARG(float, norm), ARG(float, positives)) {
    USE(float, norm);
    USE(float, positives);
    USE(const float, s);
    USE(const int, expertOf);
    ITEM(i, n);
    norm[i] = sqrt(s[i * n + i] + eps * eps);
    int count = -1;
    for (int j = 0; j < n; j++) count += expertOf[j] == expertOf[i];
    positives[i] = count;
}

inline float anchorsOf(const int n, __global const float *positives, __local float *work) {
    float count = 0;
    for (int j = get_local_id(0); j < n; j += GROUP) count += positives[j] > 0 ? 1 : 0;
    return groupSum(count, work);
}

// A group for each output: sum_{a != i} exp((cos_ia - 1) / tau), and its part of the loss.
__kernel void contrastLoss(
        const int n,
        const float tau,
        ARG(const float, s),
        ARG(const int, expertOf),
        ARG(const float, norm),
        ARG(const float, positives),
        ARG(float, sums),
        ARG(float, losses)) {
    USE(const float, norm);
    USE(const float, positives);
    USE(float, sums);
    USE(float, losses);
    USE(const float, s);
    USE(const int, expertOf);
    __local float work[GROUP];
    const size_t i = get_group_id(0);
    const int item = get_local_id(0);
    const int own = expertOf[i];
    const float anchors = anchorsOf(n, positives, work);
    float sum = 0;
    float near = 0;
    for (int a = item; a < n; a += GROUP) {
        if (a != i) {
            const float x = (s[i * n + a] / (norm[i] * norm[a]) - 1) / tau;
            sum += exp(x);
            near += expertOf[a] == own ? x : 0;
        }
    }
    sum = groupSum(sum, work);
    near = groupSum(near, work);
    if (item == 0) {
        sums[i] = sum;
        losses[i] = positives[i] > 0 ? (log(sum) - near / positives[i]) / anchors : 0;
    }
}

// d may be s: a group reads and writes its own row alone, as s is symmetric.
__kernel void contrastGrad(
        const int n,
        const float tau,
        ARG(const float, s),
        ARG(const int, expertOf),
        ARG(const float, norm),
        ARG(const float, positives),
        ARG(const float, sums),
        ARG(float, d)) {
    USE(const float, norm);
    USE(const float, positives);
    USE(const float, sums);
    USE(const float, s);
    USE(const int, expertOf);
    USE(float, d);
    __local float work[GROUP];
    const size_t i = get_group_id(0);
    const int item = get_local_id(0);
    const int own = expertOf[i];
    const float anchors = anchorsOf(n, positives, work);
    float w = 0;
    for (int j = item; j < n; j += GROUP) {
        if (j != i) {
            const float cosine = s[i * n + j] / (norm[i] * norm[j]);
            const float e = exp((cosine - 1) / tau);
            const int same = expertOf[j] == own;
            float c = 0;
            if (positives[i] > 0) c += (e / sums[i] - (same ? 1 / positives[i] : 0)) / (anchors * tau);
            if (positives[j] > 0) c += (e / sums[j] - (same ? 1 / positives[j] : 0)) / (anchors * tau);
            w += c * cosine;
            d[i * n + j] = c / (norm[i] * norm[j]);
        }
    }
    w = groupSum(w, work);
    if (item == 0) d[i * n + i] = -w / (norm[i] * norm[i]);
}

// The loss within each token. One item for each token and expert, throughout.
inline int isChosen(__global const int *selected, size_t t, int k, int e) {
    int found = 0;
    for (int j = 0; j < k; j++) found |= selected[t * k + j] == e;
    return found;
}

__kernel void tokenNorms(
        const ulong n, const int experts, const float eps, ARG(const float, s), ARG(float, norm)) {
    USE(float, norm);
    USE(const float, s);
    ITEM(i, n);
    norm[i] = sqrt(s[i * experts + i % experts] + eps * eps);
}

// Of each chosen expert: the sum over those that are not, the sum over its positives of 1 - w, and its part of the loss.
__kernel void tokenContrastLoss(
        const ulong n,
        const int experts,
        const int k,
        const float tau,
        ARG(const float, s),
        ARG(const int, selected),
        ARG(const float, norm),
        ARG(float, negatives),
        ARG(float, rests),
        ARG(float, losses)) {
    USE(const float, norm);
    USE(float, negatives);
    USE(float, rests);
    USE(float, losses);
    USE(const float, s);
    USE(const int, selected);
    ITEM(i, n);
    const size_t t = i / experts;
    const int own = i % experts;
    float away = 0;
    float rest = 0;
    float loss = 0;
    if (isChosen(selected, t, k, own)) {
        for (int a = 0; a < experts; a++) {
            if (!isChosen(selected, t, k, a)) {
                away += exp((s[i * experts + a] / (norm[i] * norm[t * experts + a]) - 1) / tau);
            }
        }
        for (int j = 0; j < k; j++) {
            const int p = selected[t * k + j];
            if (p != own) {
                const float near = exp((s[i * experts + p] / (norm[i] * norm[t * experts + p]) - 1) / tau);
                rest += away / (near + away);
                loss -= log(near / (near + away));
            }
        }
    }
    negatives[i] = away;
    rests[i] = rest;
    losses[i] = loss;
}

// d may be s: an item reads and writes its own row alone, as s is symmetric.
__kernel void tokenContrastGrad(
        const ulong n,
        const int experts,
        const int k,
        const float tau,
        const float perTerm,
        ARG(const float, s),
        ARG(const int, selected),
        ARG(const float, norm),
        ARG(const float, negatives),
        ARG(const float, rests),
        ARG(float, d)) {
    USE(const float, norm);
    USE(const float, negatives);
    USE(const float, rests);
    USE(const float, s);
    USE(const int, selected);
    USE(float, d);
    ITEM(i, n);
    const size_t t = i / experts;
    const int own = i % experts;
    const int here = isChosen(selected, t, k, own);
    float w = 0;
    for (int j = 0; j < experts; j++) {
        if (j == own) continue;
        const size_t other = t * experts + j;
        const float cosine = s[i * experts + j] / (norm[i] * norm[other]);
        const float e = exp((cosine - 1) / tau);
        const int there = isChosen(selected, t, k, j);
        float c = 0;
        if (here && there) c = -negatives[i] / (e + negatives[i]) - negatives[other] / (e + negatives[other]);
        if (here && !there) c = rests[i] * e / negatives[i];
        if (there && !here) c = rests[other] * e / negatives[other];
        c *= perTerm / tau;
        w += c * cosine;
        d[i * experts + j] = c / (norm[i] * norm[other]);
    }
    d[i * experts + own] = -w / (norm[i] * norm[i]);
}
