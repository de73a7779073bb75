// What a device can do at most: multiply-adds that touch no memory, and a copy that does nothing else.

// Six chains that do not wait for each other, in registers; 2 * 16 * 6 operations for each item and round.
__kernel void multiplyAdds(const float factor, const float summand, const int rounds, ARG(float, out)) {
    USE(float, out);
    float16 a = get_global_id(0);
    float16 b = a + 1;
    float16 c = a + 2;
    float16 d = a + 3;
    float16 e = a + 4;
    float16 f = a + 5;
    for (int r = 0; r < rounds; r++) {
        a = mad(a, factor, summand);
        b = mad(b, factor, summand);
        c = mad(c, factor, summand);
        d = mad(d, factor, summand);
        e = mad(e, factor, summand);
        f = mad(f, factor, summand);
    }
    const float16 sum = a + b + c + d + e + f;
    const float8 eight = sum.lo + sum.hi;
    const float4 four = eight.lo + eight.hi;
    out[get_global_id(0)] = four.x + four.y + four.z + four.w;
}

// Leases begin at multiples of 64 bytes, so of four floats.
__kernel void copy(const ulong quarters, ARG(const float, x), ARG(float, y)) {
    __global const float4 *from = (__global const float4 *)(x_buffer + x_from);
    __global float4 *to = (__global float4 *)(y_buffer + y_from);
    ITEM(i, quarters);
    to[i] = from[i];
}
