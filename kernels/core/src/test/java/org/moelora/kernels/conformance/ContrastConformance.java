package org.moelora.kernels.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Memory;
import org.moelora.kernels.Owner;

/** The contrastive losses of {@link org.moelora.kernels.Mixture} against plain, at every temperature and for outputs of every length. */
public abstract class ContrastConformance extends Conformance {
    private static final float EPS = 1e-6f;

    private interface Case {
        void of(float tau, float length);
    }

    private static void atEachTemperatureAndLength(Case one) {
        for (float tau : new float[] {0.001f, 0.0027f, 0.01f, 0.07f, 1, 10}) {
            for (float length : new float[] {1e-8f, 1e-3f, 1, 1e8f}) {
                one.of(tau, length);
            }
        }
    }

    /** What rounding of a cosine in float32 does to a softmax at that temperature. */
    private static double tolerance(float tau) {
        return 2e-5 + 2e-6 / tau;
    }

    /** What the gradients are multiplied with to be of the size of one. */
    private static float unit(float tau, float length) {
        return (float) (((double) length * length + EPS * EPS) * tau);
    }

    @Test
    void contrast() {
        atEachTemperatureAndLength(this::contrast);
    }

    private void contrast(float tau, float length) {
        for (int n : new int[] {2, 4, 37}) {
            float[] products = products(1, n, 5, length);
            int[] expertOf = indices(n, 5);
            check("contrast of " + n + " at " + tau + ", length " + length, tolerance(tau), s -> {
                Memory d = s.of(products);
                s.kernels().mixture().contrast(n, tau, EPS, d, s.of(expertOf), s.out(1), d);
                s.kernels().elementwise().scale(unit(tau, length), d, s.out(n * n));
            });
        }
    }

    @Test
    void gatedContrast() {
        atEachTemperatureAndLength(this::gatedContrast);
    }

    private void gatedContrast(float tau, float length) {
        int experts = 5;
        for (int n : new int[] {2, 4, 37}) {
            float[] products = products(1, n, 5, length);
            int[] expertOf = indices(n, experts);
            float[] gates = new float[n * experts];
            float[] sizes = new float[n * experts];
            float[] unwritten = new float[n * experts];
            Arrays.fill(unwritten, Float.NaN);
            for (int i = 0; i < n; i++) {
                // Some do not count at all, some little; the columns of other experts are not read.
                Arrays.fill(gates, i * experts, (i + 1) * experts, 1000);
                float gate = i % 9 == 8 ? 1e-4f : 0.01f + random.nextFloat();
                int own = i * experts + expertOf[i];
                gates[own] = i % 9 == 5 ? 0 : i % 9 == 7 ? 1e-7f : gate;
                // The gradient in a small gate is as large as the gate is small.
                Arrays.fill(sizes, i * experts, (i + 1) * experts, 1);
                sizes[own] = gate;
            }
            check("gatedContrast of " + n + " at " + tau + ", length " + length, tolerance(tau), s -> {
                Memory d = s.of(products);
                Memory dGates = s.of(unwritten);
                s.kernels()
                        .mixture()
                        .gatedContrast(n, experts, tau, EPS, d, s.of(expertOf), s.of(gates), s.out(1), d, dGates);
                s.kernels().elementwise().scale(unit(tau, length), d, s.out(n * n));
                s.kernels().elementwise().multiply(dGates, s.of(sizes), s.out(n * experts));
            });
        }
    }

    /** With gates that are all the same, whatever they are, it is the loss without gates. */
    @Test
    void equalGatesMakeNoDifference() {
        int experts = 4;
        int n = 23;
        float[] products = products(1, n, 5, 1);
        int[] expertOf = indices(n, experts);
        Device device = subject();
        for (float gate : new float[] {1, 0.125f}) {
            float[] gates = new float[n * experts];
            Arrays.fill(gates, gate);
            try (Memory s = device.allocate(DType.F32, (long) n * n, Owner.TAPE);
                    Memory es = device.allocate(DType.I32, n, Owner.TAPE);
                    Memory gs = device.allocate(DType.F32, (long) n * experts, Owner.TAPE);
                    Memory dgs = device.allocate(DType.F32, (long) n * experts, Owner.TAPE);
                    Memory plain = device.allocate(DType.F32, 1, Owner.TAPE);
                    Memory loss = device.allocate(DType.F32, 1, Owner.TAPE);
                    Memory d = device.allocate(DType.F32, (long) n * n, Owner.TAPE)) {
                device.write(products, s, 0);
                device.write(expertOf, es, 0);
                device.write(gates, gs, 0);
                device.kernels().mixture().contrast(n, 0.1f, EPS, s, es, plain, d);
                float[] expectedLoss = new float[1];
                float[] expected = new float[n * n];
                device.read(plain, 0, expectedLoss);
                device.read(d, 0, expected);
                device.kernels().mixture().gatedContrast(n, experts, 0.1f, EPS, s, es, gs, loss, d, dgs);
                float[] actualLoss = new float[1];
                float[] actual = new float[n * n];
                float[] gradient = new float[n * experts];
                device.read(loss, 0, actualLoss);
                device.read(d, 0, actual);
                device.read(dgs, 0, gradient);
                assertThat(actualLoss[0]).isCloseTo(expectedLoss[0], within(1e-5f));
                assertThat(actual).containsExactly(expected, within(1e-5f));
                // Only ratios matter, so the gradient is at right angles to the gates.
                double along = 0;
                double size = 0;
                for (float each : gradient) {
                    along += each;
                    size += Math.abs(each);
                }
                assertThat(along).isCloseTo(0, within(1e-5 * size));
            }
        }
    }

    @Test
    void tokenContrast() {
        atEachTemperatureAndLength(this::tokenContrast);
    }

    private void tokenContrast(float tau, float length) {
        int experts = 5;
        for (int k : new int[] {2, 3, 5}) {
            float[] products = products(9, experts, 4, length);
            int[] selected = new int[9 * k];
            for (int i = 0; i < selected.length; i++) {
                selected[i] = k == 2 ? (i % 2) * 2 + i / 2 % 2 : i % k;
            }
            check("tokenContrast of " + k + " at " + tau + ", length " + length, tolerance(tau), s -> {
                Memory d = s.of(products);
                s.kernels().mixture().tokenContrast(9, experts, k, tau, EPS, d, s.of(selected), s.out(1), d);
                s.kernels().elementwise().scale(unit(tau, length), d, s.out(products.length));
            });
        }
    }

    /** Four outputs that are the same: each sees three equal positives. Four that are opposite in pairs: each sees its own at a distance of two. */
    @Test
    void knownByHand() {
        atEachTemperatureAndLength(this::knownByHand);
    }

    private void knownByHand(float tau, float length) {
        float square = length * length;
        float[] same = new float[16];
        Arrays.fill(same, square);
        assertThat(loss(same, tau, 0, 0, 0, 0)).isCloseTo((float) Math.log(3), within(1e-5f));
        float[] opposite = new float[16];
        for (int i = 0; i < 16; i++) {
            opposite[i] = (i / 4 + i % 4) % 2 == 0 ? square : -square;
        }
        // One at cosine 1, two at -1: the positive is the near one, then a far one.
        double far = 2 * square / (square + 1e-12) / tau;
        double log = Math.log1p(2 * Math.exp(-far));
        assertThat(loss(opposite, tau, 0, 1, 0, 1)).isCloseTo((float) log, within(2e-5f));
        assertThat(loss(opposite, tau, 0, 0, 1, 1)).isCloseTo((float) (far + log), within((float) (1e-6 * far + 2e-5)));
    }

    private float loss(float[] products, float tau, int... expertOf) {
        Device device = subject();
        try (Memory s = device.allocate(DType.F32, products.length, Owner.TAPE);
                Memory experts = device.allocate(DType.I32, expertOf.length, Owner.TAPE);
                Memory loss = device.allocate(DType.F32, 1, Owner.TAPE)) {
            device.write(products, s, 0);
            device.write(expertOf, experts, 0);
            device.kernels().mixture().contrast(expertOf.length, tau, EPS, s, experts, loss, s);
            float[] value = new float[1];
            device.read(loss, 0, value);
            float[] gradient = new float[products.length];
            device.read(s, 0, gradient);
            for (float d : gradient) {
                assertThat(d).isFinite();
            }
            return value[0];
        }
    }

    /** Inner products of outputs of that length: some are close to each other, some are the same, some opposite. */
    private float[] products(int tokens, int n, int width, float length) {
        float[] products = new float[tokens * n * n];
        for (int t = 0; t < tokens; t++) {
            double[][] v = new double[n][width];
            for (int i = 0; i < n; i++) {
                double square = 0;
                for (int c = 0; c < width; c++) {
                    double near = i % 3 == 0 || i == 0 ? random.nextGaussian() : v[i - 1][c] / length;
                    v[i][c] = i % 7 == 4 ? -near : near + (i % 3 == 1 ? 0.02 * random.nextGaussian() : 0);
                    square += v[i][c] * v[i][c];
                }
                for (int c = 0; c < width; c++) {
                    v[i][c] *= length / Math.sqrt(square);
                }
            }
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    double product = 0;
                    for (int c = 0; c < width; c++) {
                        product += v[i][c] * v[j][c];
                    }
                    products[(t * n + i) * n + j] = (float) product;
                }
            }
        }
        return products;
    }
}
