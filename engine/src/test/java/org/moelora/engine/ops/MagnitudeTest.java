package org.moelora.engine.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.moelora.engine.testing.Numbers.doubles;
import static org.moelora.engine.testing.Numbers.normal;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.GradientCheck;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.Weight;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.engine.testing.FrozenValues;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;

/** Magnitudes of rows: against the formula with the matrix formed, in double. */
class MagnitudeTest {
    private static final double FORWARD = 2e-6;
    private static final double GRADIENT = 5e-6;

    /** {@code m_o / |w_o + s b_o A|}. */
    private static double[] factors(double[] w, double[] a, double[] b, double[] m, double s, int in) {
        int out = m.length;
        int rank = a.length / in;
        double[] c = new double[out];
        for (int o = 0; o < out; o++) {
            double sum = 0;
            for (int i = 0; i < in; i++) {
                double v = w[o * in + i];
                for (int k = 0; k < rank; k++) {
                    v += s * b[o * rank + k] * a[k * in + i];
                }
                sum += v * v;
            }
            c[o] = m[o] / Math.sqrt(sum);
        }
        return c;
    }

    @TestFactory
    Stream<DynamicTest> apply() {
        return DeviceSweep.each("magnitude", device -> {
            for (int out : new int[] {1, 13, 16, 33}) {
                GradientCheck.of("magnitude of " + out)
                        .variable(5, out)
                        .variable(out)
                        .parameter(out)
                        .on(device, (tape, x) -> Magnitude.apply(tape, x[0], x[1], x[2]), x -> scaled(x[0], x[1], x[2]))
                        .require(FORWARD, GRADIENT);
                GradientCheck.of("magnitude of " + out + " without bias")
                        .variable(5, out)
                        .parameter(out)
                        .on(
                                device,
                                (tape, x) -> Magnitude.apply(tape, x[0], x[1], null),
                                x -> scaled(x[0], x[1], new double[out]))
                        .require(FORWARD, GRADIENT);
            }
        });
    }

    private static double[] scaled(double[] z, double[] c, double[] bias) {
        double[] y = new double[z.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = z[i] * c[i % c.length] + bias[i % c.length];
        }
        return y;
    }

    private interface Made {
        FrozenValues of(Device device, int out, int in);
    }

    @TestFactory
    Stream<DynamicTest> factors() {
        return Stream.of(DType.F32, DType.BF16, null)
                .flatMap(dtype -> DeviceSweep.each("factors of " + (dtype == null ? "transposed" : dtype), device -> {
                    Made made = dtype == null
                            ? FrozenValues::transposed
                            : (on, out, in) -> FrozenValues.random(on, dtype, out, in);
                    for (int[] size : new int[][] {{1, 1, 1}, {13, 17, 3}, {32, 16, 8}, {33, 70, 5}}) {
                        try (FrozenValues w = made.of(device, size[0], size[1])) {
                            factors(device, w, size[0], size[1], size[2]);
                        }
                    }
                }));
    }

    /** Gradients in m; A and B are constants here, as the paper has them in n. */
    private static void factors(Device device, FrozenValues w, int out, int in, int rank) {
        float[] a = normal(1, rank * in);
        float[] b = normal(2, out * rank);
        double s = 0.75;
        GradientCheck.of("factors of " + Arrays.asList(out, in, rank))
                .parameter(out)
                .on(
                        device,
                        (tape, x) -> Magnitude.factors(
                                tape,
                                w.weight(),
                                Magnitude.squares(tape, w.weight()),
                                tape.constant(a, rank, in),
                                tape.constant(b, out, rank),
                                x[0],
                                (float) s),
                        x -> factors(w.values(), doubles(a), doubles(b), x[0], s, in))
                .require(5e-6, GRADIENT);
    }

    @TestFactory
    Stream<DynamicTest> aWeightOfManyPieces() {
        return DeviceSweep.each("squares in pieces", device -> {
            for (boolean transposed : new boolean[] {false, true}) {
                try (FrozenValues w = transposed
                                ? FrozenValues.transposed(device, 700, 500)
                                : FrozenValues.random(device, DType.F16, 700, 500);
                        Tape tape = Tape.inference(device)) {
                    float[] squares = Magnitude.squares(tape, w.weight()).toArray();
                    for (int o = 0; o < 700; o++) {
                        double sum = 0;
                        for (int i = 0; i < 500; i++) {
                            sum += w.values()[o * 500 + i] * w.values()[o * 500 + i];
                        }
                        assertEquals(sum, squares[o], 1e-6 * sum);
                    }
                }
            }
        });
    }

    /** Without an update, and with the magnitudes that the rows have, nothing changes by a bit. */
    @TestFactory
    Stream<DynamicTest> theMagnitudesOfRowsChangeNothing() {
        return DeviceSweep.each("factors of one", device -> {
            try (FrozenValues w = FrozenValues.random(device, DType.F32, 77, 50);
                    Tape tape = Tape.inference(device)) {
                Tensor squares = Magnitude.squares(tape, (Weight) w.weight());
                Tensor c = Magnitude.factors(
                        tape,
                        w.weight(),
                        squares,
                        tape.constant(normal(3, 4 * 50), 4, 50),
                        tape.constant(new float[77 * 4], 77, 4),
                        Magnitude.norms(tape, squares),
                        2);
                float[] one = new float[77];
                Arrays.fill(one, 1);
                assertArrayEquals(one, c.toArray());
            }
        });
    }
}
