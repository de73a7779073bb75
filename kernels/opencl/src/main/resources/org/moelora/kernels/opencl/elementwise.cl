// See Elementwise.java. One item for each element: neighbours read neighbours.

__kernel void fill(ARG(float, x), const ulong n, const float value) {
    USE(float, x);
    ITEM(i, n);
    x[i] = value;
}

__kernel void scale(const ulong n, const float alpha, ARG(const float, x), ARG(float, y), const int accumulate) {
    USE(const float, x);
    USE(float, y);
    ITEM(i, n);
    PUT(y, i, alpha * x[i], accumulate);
}

__kernel void scaleBy(
        const ulong n, ARG(const float, factor), ARG(const float, x), ARG(float, y), const int accumulate) {
    USE(const float, factor);
    USE(const float, x);
    USE(float, y);
    ITEM(i, n);
    PUT(y, i, factor[0] * x[i], accumulate);
}

__kernel void add(const ulong n, ARG(const float, a), ARG(const float, b), ARG(float, y)) {
    USE(const float, a);
    USE(const float, b);
    USE(float, y);
    ITEM(i, n);
    y[i] = a[i] + b[i];
}

__kernel void multiply(
        const ulong n, ARG(const float, a), ARG(const float, b), ARG(float, y), const int accumulate) {
    USE(const float, a);
    USE(const float, b);
    USE(float, y);
    ITEM(i, n);
    PUT(y, i, a[i] * b[i], accumulate);
}

inline float sigmoidOf(float a) { return 1 / (1 + exp(-a)); }

__kernel void swiGlu(const ulong n, ARG(const float, gate), ARG(const float, up), ARG(float, y)) {
    USE(const float, gate);
    USE(const float, up);
    USE(float, y);
    ITEM(i, n);
    const float a = gate[i];
    y[i] = a * sigmoidOf(a) * up[i];
}

__kernel void swiGluGrad(
        const ulong n,
        ARG(const float, gate),
        ARG(const float, up),
        ARG(const float, dy),
        ARG(float, dGate),
        const int modeGate,
        ARG(float, dUp),
        const int modeUp) {
    USE(const float, gate);
    USE(const float, up);
    USE(const float, dy);
    USE(float, dGate);
    USE(float, dUp);
    ITEM(i, n);
    const float a = gate[i];
    const float b = up[i];
    const float d = dy[i];
    const float s = sigmoidOf(a);
    PUT_IF_ASKED(dUp, i, d * a * s, modeUp);
    PUT_IF_ASKED(dGate, i, d * b * s * (1 + a * (1 - s)), modeGate);
}

#define GELU_SCALE 0.7978845608028654f
#define GELU_CUBE 0.044715f

__kernel void gelu(const ulong n, ARG(const float, x), ARG(float, y)) {
    USE(const float, x);
    USE(float, y);
    ITEM(i, n);
    const float v = x[i];
    // (1 + tanh z) / 2 = sigmoid(2 z), which loses nothing where it is small
    y[i] = v * sigmoidOf(2 * GELU_SCALE * (v + GELU_CUBE * v * v * v));
}

__kernel void gelu_grad(
        const ulong n, ARG(const float, x), ARG(const float, dy), ARG(float, dx), const int accumulate) {
    USE(const float, x);
    USE(const float, dy);
    USE(float, dx);
    ITEM(i, n);
    // From 32 on GELU is x, or 0 on the other side, and what is multiplied here would leave float further out.
    const float v = isnan(x[i]) ? x[i] : clamp(x[i], -32.0f, 32.0f);
    // With e = exp(-2 |z|), tanh |z| = (1 - e) / (1 + e) and 1 - tanh^2 z = 4 e / (1 + e)^2, which nothing cancels in.
    const float z = GELU_SCALE * (v + GELU_CUBE * v * v * v);
    const float e = exp(-2 * fabs(z));
    const float t = copysign((1 - e) / (1 + e), z);
    const float slope = 4 * e / ((1 + e) * (1 + e));
    const float inner = GELU_SCALE * (1 + 3 * GELU_CUBE * v * v);
    PUT(dx, i, dy[i] * ((1 + t) / 2 + v * slope * inner / 2), accumulate);
}

__kernel void squared_relu(const ulong n, ARG(const float, x), ARG(float, y)) {
    USE(const float, x);
    USE(float, y);
    ITEM(i, n);
    const float v = x[i] < 0 ? 0 : x[i]; // NaN stays NaN
    y[i] = v * v;
}

__kernel void squared_relu_grad(
        const ulong n, ARG(const float, x), ARG(const float, dy), ARG(float, dx), const int accumulate) {
    USE(const float, x);
    USE(const float, dy);
    USE(float, dx);
    ITEM(i, n);
    const float v = x[i] < 0 ? 0 : x[i];
    PUT(dx, i, v * dy[i] * 2, accumulate);
}

__kernel void sigmoid(const ulong n, ARG(const float, x), ARG(float, y)) {
    USE(const float, x);
    USE(float, y);
    ITEM(i, n);
    y[i] = sigmoidOf(x[i]);
}

__kernel void sigmoidGrad(
        const ulong n, ARG(const float, y), ARG(const float, dy), ARG(float, dx), const int accumulate) {
    USE(const float, y);
    USE(const float, dy);
    USE(float, dx);
    ITEM(i, n);
    PUT(dx, i, dy[i] * y[i] * (1 - y[i]), accumulate);
}

__kernel void inverseRoot(const ulong n, ARG(const float, x), ARG(float, y)) {
    USE(const float, x);
    USE(float, y);
    ITEM(i, n);
    y[i] = 1 / sqrt(x[i]);
}

// Philox4x32-10, see Philox.java: word i % 4 of block i / 4.
inline uint philox(uint key0, uint key1, ulong counter, int word) {
    uint x0 = (uint)counter, x1 = (uint)(counter >> 32), x2 = 0, x3 = 0;
    for (int round = 0; round < 10; round++) {
        const uint high0 = mul_hi(0xD2511F53u, x0), low0 = 0xD2511F53u * x0;
        const uint high1 = mul_hi(0xCD9E8D57u, x2), low1 = 0xCD9E8D57u * x2;
        x0 = high1 ^ x1 ^ key0;
        x1 = low1;
        x2 = high0 ^ x3 ^ key1;
        x3 = low0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return word == 0 ? x0 : word == 1 ? x1 : word == 2 ? x2 : x3;
}

__kernel void dropout(
        const ulong n,
        const ulong key,
        const float rate,
        const float keep,
        ARG(const float, x),
        ARG(float, y),
        const int accumulate) {
    USE(const float, x);
    USE(float, y);
    ITEM(i, n);
    const float uniform = (philox((uint)key, (uint)(key >> 32), i / 4, (int)(i % 4)) >> 8) * 0x1p-24f;
    PUT(y, i, uniform >= rate ? x[i] / keep : 0, accumulate);
}
