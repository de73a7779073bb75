package org.moelora.engine.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.moelora.engine.testing.Numbers.normal;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.GradientCheck;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.engine.testing.Formulas;
import org.moelora.kernels.Device;

/** Ops of the mixtures around MoELoRA, forward and backward, against their formulas in double. */
class GatesTest {
    private static final double FORWARD = 2e-6;
    private static final double GRADIENT = 1e-5;

    @TestFactory
    Stream<DynamicTest> sigmoid() {
        return DeviceSweep.each("sigmoid", device -> {
            for (int n : new int[] {1, 17, 207}) {
                GradientCheck.of("sigmoid of " + n)
                        .variable(1, n)
                        .on(device, (tape, x) -> Sigmoid.apply(tape, x[0]), x -> Formulas.sigmoid(x[0]))
                        .require(FORWARD, GRADIENT);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> repeat() {
        return DeviceSweep.each("repeat", device -> {
            for (int[] size : new int[][] {{1, 1, 1}, {5, 3, 4}, {13, 17, 2}, {2, 4, 33}}) {
                GradientCheck.of("repeat " + Arrays.toString(size))
                        .variable(size[0], size[1])
                        .on(
                                device,
                                (tape, x) -> Repeat.apply(tape, x[0], size[2]),
                                x -> Formulas.repeat(x[0], size[1], size[2]))
                        .require(FORWARD, GRADIENT);
            }
        });
    }

    /** Thresholds halfway between two levels of p, so that no small step crosses one; the first token lies below its own whole. */
    @TestFactory
    Stream<DynamicTest> threshold() {
        return Stream.of(new int[] {1, 3}, new int[] {7, 4}, new int[] {13, 17}, new int[] {5, 8})
                .flatMap(size -> DeviceSweep.each("threshold " + Arrays.toString(size), device -> {
                    int tokens = size[0];
                    int experts = size[1];
                    float[] p = new float[tokens * experts];
                    float[] tau = new float[tokens];
                    for (int t = 0; t < tokens; t++) {
                        for (int e = 0; e < experts; e++) {
                            p[t * experts + e] = ((e * 5 + t) % experts + 1f) / experts;
                        }
                        tau[t] = t == 0 && tokens > 1 ? 2 : (t % experts + 0.5f) / experts;
                    }
                    GradientCheck.of("threshold")
                            .variable(p, tokens, experts)
                            .variable(tau, tokens, 1)
                            .on(
                                    device,
                                    (tape, x) -> ThresholdGate.apply(tape, x[0], x[1]),
                                    x -> Formulas.threshold(x[0], x[1], experts))
                            .require(FORWARD, GRADIENT);
                }));
    }

    @TestFactory
    Stream<DynamicTest> noExpertAboveTheThreshold() {
        return DeviceSweep.each("threshold above all experts", device -> {
            try (Tape tape = Tape.recording(device)) {
                Tensor p = tape.variable(new float[] {0.2f, 0.5f, 0.3f}, 1, 3);
                Tensor tau = tape.variable(new float[] {0.5f}, 1, 1);
                Tensor gate = ThresholdGate.apply(tape, p, tau);
                Tensor y = tape.constant(normal(1, 5), 1, 5);
                float[] base = y.toArray();
                Tensor u = tape.constant(normal(2, 6), 1, 6);
                Tensor b = tape.constant(normal(3, 30), 5, 6);
                Tensor out = GatedUpdate.apply(tape, y, u, gate, b, 2);
                assertArrayEquals(new float[3], gate.toArray());
                assertArrayEquals(base, out.toArray());
                tape.backward(CrossEntropy.apply(tape, out, tape.ints(1), 1));
                assertArrayEquals(new float[3], tape.gradient(p), 0f);
                assertArrayEquals(new float[1], tape.gradient(tau), 0f);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> tokenContrast() {
        return DeviceSweep.each("token contrastive loss", device -> {
            tokenContrast(device, 5, 4, 3, 11, 2, 0.1f, new int[] {0, 1, 1, 3, 0, 2, 2, 3, 1, 2});
            tokenContrast(device, 3, 5, 2, 17, 3, 0.5f, new int[] {0, 1, 4, 1, 2, 3, 0, 2, 4});
            tokenContrast(device, 1, 3, 2, 4, 2, 1f, new int[] {0, 2});
        });
    }

    private static void tokenContrast(
            Device device, int tokens, int experts, int rank, int out, int k, float tau, int[] selected) {
        GradientCheck.of("token contrastive loss")
                .variable(tokens, experts * rank)
                .parameter(out, experts * rank)
                .on(
                        device,
                        (tape, x) -> TokenContrastiveLoss.apply(
                                tape, x[0], x[1], MixtureOpsTest.selections(tape, selected, k), experts, tau),
                        x -> Formulas.tokenContrastive(x[0], x[1], selected, k, experts, rank, tau, 1e-6))
                .require(2e-6, 2e-5);
    }

    /**
     * Three experts of rank 1 with outputs (1, 0), (0, 2), (-3, 0), the first two selected: cosines 0 between them, -1 and 0 with the third. At a
     * temperature of 1 the anchors give {@code log(1 + e^-1)} and {@code log 2}.
     */
    @TestFactory
    Stream<DynamicTest> tokenContrastByHand() {
        return DeviceSweep.each("token contrastive loss by hand", device -> {
            try (Tape tape = Tape.inference(device)) {
                Tensor u = tape.constant(new float[] {1, 2, 3}, 1, 3);
                Tensor b = tape.constant(new float[] {1, 0, -1, 0, 1, 0}, 2, 3);
                Tensor selected = MixtureOpsTest.selections(tape, new int[] {0, 1}, 2);
                double loss =
                        TokenContrastiveLoss.apply(tape, u, b, selected, 3, 1).item();
                assertEquals((0.31326168751822286 + 0.6931471805599453) / 2, loss, 1e-6);
            }
        });
    }

    /** B = 0: all cosines are zero, each anchor sees one positive and E - k equal negatives, and nothing has a gradient. */
    @TestFactory
    Stream<DynamicTest> tokenContrastFromZeroB() {
        return DeviceSweep.each("token contrastive loss of B = 0", device -> {
            try (ParameterBlock block =
                            ParameterBlock.builder(device).add("b", 7, 10).build();
                    Tape tape = Tape.recording(device)) {
                block.startTraining();
                Tensor u = tape.variable(normal(2, 20), 2, 10);
                Tensor selected = MixtureOpsTest.selections(tape, new int[] {0, 1, 3, 4}, 2);
                Tensor loss = TokenContrastiveLoss.apply(tape, u, block.get("b"), selected, 5, 0.1f);
                tape.backward(loss);
                assertEquals(Math.log(4), loss.item(), 1e-6);
                assertArrayEquals(new float[20], tape.gradient(u), 0f);
                assertArrayEquals(new float[70], block.get("b").gradientArray(), 0f);
            }
        });
    }
}
