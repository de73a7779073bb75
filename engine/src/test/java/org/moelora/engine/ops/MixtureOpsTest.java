package org.moelora.engine.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.moelora.engine.testing.Numbers.doubles;
import static org.moelora.engine.testing.Numbers.normal;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.GradientCheck;
import org.moelora.engine.Parameter;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.engine.testing.Formulas;
import org.moelora.kernels.Device;

/** The ops of a mixture of low-rank experts, forward and backward, against their formulas in double. */
class MixtureOpsTest {
    private static final double FORWARD = 2e-6;
    private static final double GRADIENT = 5e-6;

    @TestFactory
    Stream<DynamicTest> gatedUpdate() {
        return Stream.of(new int[] {1, 3, 4, 17}, new int[] {5, 8, 1, 13}, new int[] {18, 2, 16, 33}, new int[] {
                    7, 1, 3, 1
                })
                .flatMap(size -> {
                    int tokens = size[0];
                    int experts = size[1];
                    int rank = size[2];
                    int out = size[3];
                    return DeviceSweep.each("gated update " + Arrays.toString(size), device -> {
                        GradientCheck.of("gated update")
                                .variable(tokens, out)
                                .variable(tokens, experts * rank)
                                .variable(tokens, experts)
                                .parameter(out, experts * rank)
                                .on(
                                        device,
                                        (tape, x) -> GatedUpdate.apply(tape, copy(tape, x[0]), x[1], x[2], x[3], 1.5f),
                                        x -> Formulas.gatedUpdate(x[0], x[1], x[2], x[3], tokens, experts, rank, 1.5))
                                .require(FORWARD, GRADIENT);
                        GradientCheck.of("update without a gate")
                                .variable(tokens, out)
                                .variable(tokens, experts * rank)
                                .parameter(out, experts * rank)
                                .on(
                                        device,
                                        (tape, x) -> GatedUpdate.apply(tape, copy(tape, x[0]), x[1], null, x[2], 0.25f),
                                        x -> Formulas.gatedUpdate(x[0], x[1], null, x[2], tokens, experts, rank, 0.25))
                                .require(FORWARD, GRADIENT);
                    });
                });
    }

    /** For an op that takes its input over, which must have been made beside it. */
    private static Tensor copy(Tape tape, Tensor x) {
        return WeightedSum.apply(tape, new Tensor[] {x}, new float[] {1});
    }

    @TestFactory
    Stream<DynamicTest> gatedUpdateWithZeroBIsTheBase() {
        return DeviceSweep.each("gated update with B = 0", device -> {
            try (Tape tape = Tape.inference(device)) {
                float[] y0 = normal(9, 5 * 37);
                Tensor y = GatedUpdate.apply(
                        tape,
                        tape.constant(y0, 5, 37),
                        tape.constant(normal(1, 5 * 12), 5, 12),
                        tape.constant(normal(2, 5 * 3), 5, 3),
                        tape.constant(new float[37 * 12], 37, 12),
                        2);
                assertArrayEquals(y0, y.toArray());
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> topK() {
        return Stream.of(
                        new int[] {1, 1, 1},
                        new int[] {5, 4, 1},
                        new int[] {13, 8, 2},
                        new int[] {3, 17, 5},
                        new int[] {4, 3, 3})
                .flatMap(size -> {
                    int tokens = size[0];
                    int experts = size[1];
                    int k = size[2];
                    float[] p = distinct(tokens * experts);
                    return DeviceSweep.each("top-k " + Arrays.toString(size), device -> {
                        for (boolean renormalise : new boolean[] {true, false}) {
                            GradientCheck.of(renormalise ? "top-k renormalised" : "top-k raw")
                                    .variable(p, tokens, experts)
                                    .on(
                                            device,
                                            (tape, x) -> TopK.apply(tape, x[0], k, renormalise)
                                                    .gate(),
                                            x -> Formulas.topK(x[0], experts, k, renormalise))
                                    .require(FORWARD, GRADIENT);
                        }
                        assertArrayEquals(chosen(doubles(p), experts, k), selected(device, p, experts, k));
                    });
                });
    }

    @TestFactory
    Stream<DynamicTest> topKTakesTheLowerOfEquals() {
        return DeviceSweep.each("ties in top-k", device -> {
            assertThat(selected(device, new float[] {0.25f, 0.25f, 0.25f, 0.25f}, 4, 2))
                    .containsExactly(0, 1);
            assertThat(selected(device, new float[] {0.1f, 0.3f, 0.3f, 0.3f}, 4, 2))
                    .containsExactly(1, 2);
            assertThat(selected(device, new float[] {0.2f, 0.1f, 0.5f, 0.2f}, 4, 2))
                    .containsExactly(0, 2);
            assertThat(selected(device, new float[] {0, 0, 0, 1}, 4, 3)).containsExactly(0, 1, 3);
            // Many rows of few levels: nearly every row has ties.
            Random random = new Random(4);
            float[] p = new float[64 * 9];
            for (int i = 0; i < p.length; i++) {
                p[i] = random.nextInt(3) / 4f;
            }
            assertThat(selected(device, p, 9, 4)).containsExactly(chosen(doubles(p), 9, 4));
            try (Tape tape = Tape.inference(device)) {
                Tensor some = tape.constant(new float[4], 1, 4);
                assertThatThrownBy(() -> TopK.apply(tape, some, 5, true))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("top-k is 5; expected 1 to 4");
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> balanceLoss() {
        return DeviceSweep.each("balance loss", device -> {
            for (int[] size : new int[][] {{1, 3, 1}, {13, 8, 2}, {6, 17, 5}}) {
                int tokens = size[0];
                int experts = size[1];
                int k = size[2];
                float[] p = distinct(tokens * experts);
                int[] selected = chosen(doubles(p), experts, k);
                GradientCheck.of("balance loss")
                        .variable(p, tokens, experts)
                        .on(
                                device,
                                (tape, x) -> BalanceLoss.apply(tape, x[0], selections(tape, selected, k)),
                                x -> Formulas.balance(x[0], selected, experts))
                        .require(FORWARD, GRADIENT);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> balanceLossIsOneWhenBalancedAndAtMostExpertsOverK() {
        return DeviceSweep.each("bounds of the balance loss", device -> {
            try (Tape tape = Tape.inference(device)) {
                float[] uniform = new float[4 * 8];
                Arrays.fill(uniform, 1 / 8f);
                int[] everyoneOnce = {0, 1, 2, 3, 4, 5, 6, 7};
                assertEquals(
                        1,
                        BalanceLoss.apply(tape, tape.constant(uniform, 4, 8), selections(tape, everyoneOnce, 2))
                                .item(),
                        1e-6);
                float[] collapsed = new float[4 * 8];
                int[] sameTwo = new int[8];
                for (int t = 0; t < 4; t++) {
                    collapsed[t * 8 + 3] = 0.5f;
                    collapsed[t * 8 + 6] = 0.5f;
                    sameTwo[2 * t] = 3;
                    sameTwo[2 * t + 1] = 6;
                }
                assertEquals(
                        4,
                        BalanceLoss.apply(tape, tape.constant(collapsed, 4, 8), selections(tape, sameTwo, 2))
                                .item(),
                        1e-6);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> mutualInformationLoss() {
        return DeviceSweep.each("mutual information", device -> {
            for (int[] size : new int[][] {{2, 3}, {13, 8}, {6, 17}}) {
                int tokens = size[0];
                int experts = size[1];
                GradientCheck.of("mutual information of softmax")
                        .variable(tokens, experts)
                        .on(
                                device,
                                (tape, x) -> MutualInformationLoss.apply(tape, Softmax.apply(tape, x[0])),
                                x -> Formulas.mutualInformation(Formulas.softmax(x[0], experts), experts))
                        .require(FORWARD, GRADIENT);
            }
            try (Tape tape = Tape.inference(device)) {
                float[] uniform = new float[6 * 8];
                Arrays.fill(uniform, 1 / 8f);
                assertEquals(
                        0,
                        MutualInformationLoss.apply(tape, tape.constant(uniform, 6, 8))
                                .item(),
                        1e-6);
                float[] collapsed = new float[6 * 8];
                float[] shared = new float[8 * 8];
                for (int t = 0; t < 6; t++) {
                    collapsed[t * 8 + 3] = 1;
                }
                for (int t = 0; t < 8; t++) {
                    shared[t * 8 + 7 - t] = 1;
                }
                assertEquals(
                        0,
                        MutualInformationLoss.apply(tape, tape.constant(collapsed, 6, 8))
                                .item(),
                        1e-6);
                assertEquals(
                        -Math.log(8),
                        MutualInformationLoss.apply(tape, tape.constant(shared, 8, 8))
                                .item(),
                        1e-6);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> aBiasDecidesWhoIsChosenAndNotHowTheyShare() {
        return DeviceSweep.each("bias in top-k", device -> {
            float[] p = distinct(13 * 8);
            float[] bias = normal(3, 8);
            double[] moved = doubles(p);
            for (int i = 0; i < moved.length; i++) {
                moved[i] += bias[i % 8];
            }
            boolean[] chosen = Formulas.selected(moved, 8, 3);
            GradientCheck.of("top-k with a bias")
                    .variable(p, 13, 8)
                    .on(
                            device,
                            (tape, x) -> TopK.apply(tape, x[0], tape.constant(bias, 8), 3, true)
                                    .gate(),
                            x -> {
                                double[] g = new double[x[0].length];
                                for (int i = 0; i < g.length; i++) {
                                    double sum = 0;
                                    for (int e = i / 8 * 8; e < (i / 8 + 1) * 8; e++) {
                                        sum += chosen[e] ? x[0][e] : 0;
                                    }
                                    g[i] = chosen[i] ? x[0][i] / sum : 0;
                                }
                                return g;
                            })
                    .require(FORWARD, GRADIENT);
            try (Tape tape = Tape.inference(device)) {
                Tensor ps = tape.constant(p, 13, 8);
                TopK none = TopK.apply(tape, ps, tape.constant(new float[8], 8), 3, true);
                assertThat(none.gate().toArray())
                        .isEqualTo(TopK.apply(tape, ps, 3, true).gate().toArray());
            }
        });
    }

    /** The whole adapted linear of the paper, written as it stands there: expert by expert. */
    @TestFactory
    Stream<DynamicTest> adaptedLinear() {
        int tokens = 6;
        int in = 13;
        int out = 17;
        int experts = 5;
        int rank = 3;
        int k = 2;
        return DeviceSweep.each(
                "adapted linear",
                device -> GradientCheck.of("adapted linear")
                        .variable(tokens, in)
                        .parameter(out, in)
                        .parameter(experts * rank, in)
                        .parameter(out, experts * rank)
                        .parameter(experts, in)
                        .on(
                                device,
                                (tape, x) -> {
                                    Tensor p = Softmax.apply(tape, Linear.apply(tape, x[0], (Parameter) x[4], null));
                                    Tensor gate = TopK.apply(tape, p, k, true).gate();
                                    Tensor u = Linear.apply(tape, x[0], (Parameter) x[2], null);
                                    Tensor y0 = Linear.apply(tape, x[0], (Parameter) x[1], null);
                                    return GatedUpdate.apply(tape, y0, u, gate, x[3], 2);
                                },
                                x -> {
                                    double[] p = Formulas.softmax(Formulas.linear(x[0], x[4], null, in), experts);
                                    double[] gate = Formulas.topK(p, experts, k, true);
                                    double[] u = Formulas.linear(x[0], x[2], null, in);
                                    double[] y0 = Formulas.linear(x[0], x[1], null, in);
                                    return Formulas.gatedUpdate(y0, u, gate, x[3], tokens, experts, rank, 2);
                                })
                        .require(FORWARD, 2e-5));
    }

    static Tensor selections(Tape tape, int[] selected, int k) {
        return tape.ints(Shape.of(selected.length / k, k), selected);
    }

    private static int[] selected(Device device, float[] p, int experts, int k) {
        try (Tape tape = Tape.inference(device)) {
            return TopK.apply(tape, tape.constant(p, p.length / experts, experts), k, true)
                    .selected()
                    .toIntArray();
        }
    }

    /** Selected experts of each row in ascending order. */
    private static int[] chosen(double[] p, int experts, int k) {
        boolean[] selected = Formulas.selected(p, experts, k);
        return IntStream.range(0, p.length)
                .filter(i -> selected[i])
                .map(i -> i % experts)
                .toArray();
    }

    /** Positive numbers in random order that lie too far apart for a small step to swap two. */
    private static float[] distinct(int n) {
        float[] values = new float[n];
        Random random = new Random(n);
        for (int i = 0; i < n; i++) {
            int j = random.nextInt(i + 1);
            values[i] = values[j];
            values[j] = (i + 1f) / n;
        }
        return values;
    }
}
