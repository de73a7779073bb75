package org.moelora.engine.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.moelora.engine.testing.Numbers.doubles;
import static org.moelora.engine.testing.Numbers.normal;

import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.GradientCheck;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.optim.AdamW;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.engine.testing.Formulas;
import org.moelora.kernels.Device;

/** The contrastive loss in rank space against the one over explicit expert outputs. */
class ContrastiveLossTest {
    private static final double EPS = 1e-6;

    /** Two experts of each token, ascending. */
    private static int[] randomPairs(int tokens, int experts) {
        Random random = new Random(tokens);
        return IntStream.range(0, tokens)
                .flatMap(t -> {
                    int a = random.nextInt(experts);
                    int b = (a + 1 + random.nextInt(experts - 1)) % experts;
                    return IntStream.of(Math.min(a, b), Math.max(a, b));
                })
                .toArray();
    }

    private static void check(
            Device device, int tokens, int experts, int rank, int out, int k, float tau, int[] selected, int[] pairs) {
        int[] taking = pairs == null ? IntStream.range(0, tokens * k).toArray() : pairs;
        GradientCheck.of("contrastive loss of " + tokens + " tokens at " + tau)
                .variable(tokens, experts * rank)
                .parameter(out, experts * rank)
                .on(
                        device,
                        (tape, x) -> ContrastiveLoss.apply(
                                tape, x[0], x[1], MixtureOpsTest.selections(tape, selected, k), experts, tau, pairs),
                        x -> Formulas.contrastive(x[0], x[1], selected, k, taking, experts, rank, tau, EPS))
                .require(2e-6, 2e-5);
    }

    @TestFactory
    Stream<DynamicTest> equalsTheExplicitForm() {
        return DeviceSweep.each("contrastive loss", device -> {
            check(device, 9, 4, 3, 11, 2, 0.1f, randomPairs(9, 4), null);
            check(device, 17, 8, 2, 16, 2, 0.5f, randomPairs(17, 8), null);
            check(device, 5, 2, 5, 33, 1, 1f, new int[] {0, 1, 1, 0, 1}, null);
        });
    }

    @TestFactory
    Stream<DynamicTest> ofSampledPairs() {
        return DeviceSweep.each("contrastive loss of a sample", device -> {
            check(device, 9, 4, 3, 11, 2, 0.1f, randomPairs(9, 4), new int[] {0, 1, 4, 5, 6, 11, 13, 16, 17});
            check(device, 9, 4, 3, 11, 2, 0.1f, randomPairs(9, 4), new int[] {2, 3, 4, 8, 9, 10, 12});
        });
    }

    private static void checkGated(
            Device device, int tokens, int experts, int rank, int out, int k, float tau, int[] selected, int[] pairs) {
        int[] taking = pairs == null ? IntStream.range(0, tokens * k).toArray() : pairs;
        float[] gates = new float[tokens * experts];
        Random random = new Random(tokens + k);
        for (int i = 0; i < gates.length; i++) {
            gates[i] = 0.05f + random.nextFloat();
        }
        GradientCheck.of("gated contrastive loss of " + tokens + " tokens at " + tau)
                .variable(tokens, experts * rank)
                .parameter(out, experts * rank)
                .variable(gates, tokens, experts)
                .on(
                        device,
                        (tape, x) -> ContrastiveLoss.apply(
                                tape,
                                x[0],
                                x[1],
                                x[2],
                                MixtureOpsTest.selections(tape, selected, k),
                                experts,
                                tau,
                                pairs),
                        x -> Formulas.contrastive(x[0], x[1], x[2], selected, k, taking, experts, rank, tau, EPS))
                .require(2e-6, 2e-5);
    }

    /** In u, b and the gates. */
    @TestFactory
    Stream<DynamicTest> outputsCountAsMuchAsTheirGates() {
        return DeviceSweep.each("gated contrastive loss", device -> {
            checkGated(device, 9, 4, 3, 11, 2, 0.1f, randomPairs(9, 4), null);
            checkGated(device, 9, 4, 3, 11, 2, 0.1f, randomPairs(9, 4), new int[] {0, 1, 4, 5, 6, 11, 13, 16, 17});
            // All experts of all tokens, as with dense gates.
            checkGated(
                    device,
                    7,
                    3,
                    2,
                    9,
                    3,
                    0.5f,
                    IntStream.range(0, 21).map(i -> i % 3).toArray(),
                    null);
            checkGated(device, 4, 4, 2, 7, 1, 0.2f, new int[] {0, 0, 3, 0}, null);
        });
    }

    /**
     * Outputs of expert 0 lie along the first axis and those of expert 1 along the second, for all tokens but the last: its outputs are at expert 1 what they should
     * be, and at expert 0 they lie along the second axis too. Less of the loss is more of expert 1 for that token.
     */
    @TestFactory
    Stream<DynamicTest> gatesMoveToTheExpertWhoseOutputsTheTokensAreLike() {
        return DeviceSweep.each("gated contrastive loss of a token", device -> {
            int tokens = 6;
            try (Tape tape = Tape.recording(device)) {
                float[] outputs = new float[tokens * 4];
                float[] gates = new float[tokens * 2];
                for (int t = 0; t < tokens; t++) {
                    outputs[4 * t + (t == tokens - 1 ? 1 : 0)] = 1;
                    outputs[4 * t + 3] = 1;
                    gates[2 * t] = 0.5f;
                    gates[2 * t + 1] = 0.5f;
                }
                Tensor g = tape.variable(gates, tokens, 2);
                Tensor loss = ContrastiveLoss.apply(
                        tape,
                        tape.constant(outputs, tokens, 4),
                        tape.constant(new float[] {1, 0, 1, 0, 0, 1, 0, 1}, 2, 4),
                        g,
                        MixtureOpsTest.selections(tape, new int[] {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, 2),
                        2,
                        0.1f,
                        null);
                tape.backward(loss);
                float[] dg = tape.gradient(g);
                float odd = dg[2 * tokens - 2] - dg[2 * tokens - 1];
                float usual = dg[0] - dg[1];
                assertThat(odd).isGreaterThan(0.1f);
                assertThat(odd).isGreaterThan(5 * Math.abs(usual));
            }
        });
    }

    /** Expert 3 has one pair only: a negative for the others, but no anchor. */
    @TestFactory
    Stream<DynamicTest> anExpertWithoutPositives() {
        return DeviceSweep.each(
                "contrastive loss with a lonely expert",
                device -> check(device, 4, 4, 2, 7, 1, 0.2f, new int[] {0, 0, 3, 0}, null));
    }

    @TestFactory
    Stream<DynamicTest> isZeroWithoutPositives() {
        return DeviceSweep.each("contrastive loss without positives", device -> {
            for (int[] selected : new int[][] {{0, 1, 2}, {1}, {}}) {
                try (ParameterBlock block =
                                ParameterBlock.builder(device).add("b", 5, 6).build();
                        Tape tape = Tape.recording(device)) {
                    block.get("b").set(normal(1, 30));
                    block.startTraining();
                    Tensor u = tape.variable(normal(2, selected.length * 6), selected.length, 6);
                    Tensor loss = ContrastiveLoss.apply(
                            tape, u, block.get("b"), MixtureOpsTest.selections(tape, selected, 1), 3, 0.1f, null);
                    tape.backward(loss);
                    assertEquals(0, loss.item());
                    assertArrayEquals(new float[selected.length * 6], tape.gradient(u));
                    assertArrayEquals(new float[30], block.get("b").gradientArray());
                }
            }
        });
    }

    /**
     * B = 0 at the first step: every output is zero, and so is the gradient, exactly. The step after it meets outputs that are tiny, and those
     * of the experts that moved beside those of experts that no token had chosen.
     */
    @TestFactory
    Stream<DynamicTest> startsFromZeroB() {
        int experts = 4;
        int rank = 2;
        int out = 9;
        int width = experts * rank;
        int[] first = {0, 1, 0, 1, 0, 2, 1, 2, 0, 1, 0, 2, 1, 2, 0, 1};
        int[] second = {0, 3, 1, 3, 0, 2, 1, 2, 0, 1, 0, 2, 2, 3, 0, 1};
        return DeviceSweep.each("contrastive loss from B = 0", device -> {
            try (ParameterBlock block = ParameterBlock.builder(device)
                            .add("a", width, 5)
                            .add("b", out, width)
                            .build();
                    AdamW adamW = new AdamW(block, AdamW.Config.DEFAULT)) {
                block.get("a").set(normal(3, width * 5));
                block.startTraining();

                float contrast = step(device, block, first, 0, 1);
                // All cosines are zero: each anchor's distribution over the other 15 pairs is uniform.
                assertEquals(Math.log(15), contrast, 1e-5);
                assertZero(block.get("a").gradientArray());
                assertZero(block.get("b").gradientArray());

                step(device, block, first, 1, 0.01f);
                assertThat(adamW.clip(1)).isPositive().isFinite();
                adamW.step(3e-4);
                block.clearGradients();

                contrast = step(device, block, second, 1, 0.01f);
                assertThat(contrast).isPositive().isFinite();
                assertThat(adamW.clip(1)).isPositive().isFinite();
                adamW.step(3e-4);
                for (float value : values(device, block)) {
                    assertThat(value).isFinite();
                }
            }
        });
    }

    /** Outputs as small as one step of the optimizer makes them are compared as well as large ones. */
    @TestFactory
    Stream<DynamicTest> tinyOutputs() {
        int[] selected = randomPairs(9, 4);
        int[] all = IntStream.range(0, 18).toArray();
        float[] u = normal(5, 9 * 12);
        float[] b = normal(6, 11 * 12);
        for (int i = 0; i < b.length; i++) {
            b[i] *= 3e-4f;
        }
        return DeviceSweep.each(
                "contrastive loss of tiny outputs",
                device -> GradientCheck.of("contrastive loss")
                        .variable(u, 9, 12)
                        .on(
                                device,
                                (tape, x) -> ContrastiveLoss.apply(
                                        tape,
                                        x[0],
                                        tape.constant(b, 11, 12),
                                        MixtureOpsTest.selections(tape, selected, 2),
                                        4,
                                        0.1f,
                                        null),
                                x -> Formulas.contrastive(x[0], doubles(b), selected, 2, all, 4, 3, 0.1f, EPS))
                        .require(1e-5, 1e-4));
    }

    /** Gradients of {@code lm * L_lm + beta * L_con} for a single adapted linear; returns L_con. */
    private static float step(Device device, ParameterBlock block, int[] selected, float lm, float beta) {
        try (Tape tape = Tape.recording(device)) {
            Tensor x = tape.constant(normal(7, 8 * 5), 8, 5);
            Tensor u = Linear.apply(tape, x, block.get("a"), null);
            Tensor y0 = tape.constant(normal(8, 8 * 9), 8, 9);
            Tensor y = GatedUpdate.apply(tape, y0, u, null, block.get("b"), 1);
            Tensor loss = CrossEntropy.apply(tape, y, tape.ints(0, 1, 2, 3, 4, 5, 6, 7), 1 / 8f);
            Tensor contrast = ContrastiveLoss.apply(
                    tape, u, block.get("b"), MixtureOpsTest.selections(tape, selected, 2), 4, 0.1f, null);
            tape.backward(WeightedSum.apply(tape, new Tensor[] {loss, contrast}, new float[] {lm, beta}));
            return contrast.item();
        }
    }

    private static void assertZero(float[] values) {
        for (float value : values) {
            assertEquals(0.0, Math.abs(value));
        }
    }

    private static float[] values(Device device, ParameterBlock block) {
        float[] values = new float[Math.toIntExact(block.values().length())];
        device.read(block.values(), 0, values);
        return values;
    }
}
