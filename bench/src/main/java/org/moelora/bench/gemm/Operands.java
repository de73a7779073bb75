package org.moelora.bench.gemm;

import java.util.Arrays;
import java.util.Random;

/** {@code A [m, k]}, {@code B [k, n]} and {@code C [m, n]}, row-major. */
record Operands(int m, int n, int k, float[] a, float[] b, float[] c) {
    /** Random A and B, and a C full of NaN, so that an element that is never written shows. */
    static Operands random(int m, int n, int k) {
        Random random = new Random(1);
        float[] a = new float[Math.multiplyExact(m, k)];
        float[] b = new float[Math.multiplyExact(k, n)];
        float[] c = new float[Math.multiplyExact(m, n)];
        fill(a, random);
        fill(b, random);
        Arrays.fill(c, Float.NaN);
        return new Operands(m, n, k, a, b, c);
    }

    private static void fill(float[] x, Random random) {
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
    }

    /** Floating-point operations of one product. */
    double flops() {
        return 2.0 * m * n * k;
    }
}
