package org.moelora.engine.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.optim.AdamW;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.engine.testing.Numbers;
import org.moelora.engine.testing.PublishedJson;

/** Gradients and optimizer runs from the tests of other engines. */
class GradientVectorsTest {
    private static PublishedJson find(String file, String name) {
        return PublishedJson.read("ops/grad-optim-vectors/" + file).get("cases").elements().stream()
                .filter(c -> c.get("name").string().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static float[] input(PublishedJson data, String name) {
        return Numbers.floats(data.get("inputs").get(name).numbers());
    }

    /** Scaled to the printed digits. */
    private static void assertClose(double[] expected, float[] actual, double tolerance) {
        assertThat(actual).hasSize(expected.length);
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i])
                    .as("element %d", i)
                    .isCloseTo(expected[i], within(tolerance * Math.max(1, Math.abs(expected[i]))));
        }
    }

    private static void assertGradient(PublishedJson data, String name, float[] actual, double tolerance) {
        assertClose(data.get("grads_of_sum").get(name).numbers(), actual, tolerance);
    }

    /** The gradient of the sum of all elements. */
    private static void backwardOfSum(Tape tape, Tensor y) {
        Tensor loss = tape.op("sum")
                .differentiable(y)
                .forward(Shape.of(1), (v, sum) -> tape.kernels().rows().sum(v.of(y), 1, sum))
                .backward((v, dSum, d) ->
                        tape.kernels().elementwise().fill(d.overwritten(y).memory(), 1));
        tape.backward(loss);
    }

    /** Matrices there multiply as {@code a @ b}; a linear here takes b's transpose. */
    private static ParameterBlock weight(Tape tape, float[] b, int in, int out) {
        ParameterBlock block =
                ParameterBlock.builder(tape.device()).add("b", out, in).build();
        block.get("b").set(Numbers.transposed(b, in, out));
        block.startTraining();
        return block;
    }

    @TestFactory
    Stream<DynamicTest> matmul() {
        return DeviceSweep.each("matmul", device -> {
            PublishedJson data = find("grad_vectors.json", "matmul");
            try (Tape tape = Tape.recording(device);
                    ParameterBlock block = weight(tape, input(data, "b"), 2, 2)) {
                Tensor a = tape.variable(input(data, "a"), 2, 2);
                Tensor y = Linear.apply(tape, a, block.get("b"), null);
                assertClose(data.get("forward").numbers(), y.toArray(), 0);
                backwardOfSum(tape, y);
                assertGradient(data, "a", tape.gradient(a), 0);
                assertGradient(data, "b", Numbers.transposed(block.get("b").gradientArray(), 2, 2), 0);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> matmulOfAMatmul() {
        return DeviceSweep.each("matmul_chain_1", device -> {
            PublishedJson data = find("grad_vectors.json", "matmul_chain_1");
            try (Tape tape = Tape.recording(device);
                    ParameterBlock b = weight(tape, input(data, "b"), 2, 2);
                    ParameterBlock c = weight(tape, input(data, "c"), 2, 2)) {
                Tensor a = tape.variable(input(data, "a"), 2, 2);
                backwardOfSum(tape, Linear.apply(tape, Linear.apply(tape, a, b.get("b"), null), c.get("b"), null));
                assertGradient(data, "a", tape.gradient(a), 0);
                assertGradient(data, "b", Numbers.transposed(b.get("b").gradientArray(), 2, 2), 0);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> softmaxBetweenTwoUsesOfAWeight() {
        return DeviceSweep.each("softmax", device -> {
            PublishedJson data = find("grad_vectors.json", "softmax");
            try (Tape tape = Tape.recording(device);
                    ParameterBlock block = weight(tape, input(data, "b"), 2, 2)) {
                Parameter b = block.get("b");
                Tensor a = tape.variable(input(data, "a"), 2, 2);
                backwardOfSum(tape, Linear.apply(tape, Softmax.apply(tape, Linear.apply(tape, a, b, null)), b, null));
                assertGradient(data, "a", tape.gradient(a), 2e-5);
                assertGradient(data, "b", Numbers.transposed(b.gradientArray(), 2, 2), 2e-5);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> linearWithBias() {
        return DeviceSweep.each("linear_bias", device -> {
            PublishedJson data = find("grad_vectors.json", "linear_bias");
            try (Tape tape = Tape.recording(device);
                    ParameterBlock block = weight(tape, input(data, "w"), 2, 3)) {
                Tensor x = tape.variable(input(data, "x"), 2, 2, 2);
                Tensor bias = tape.variable(input(data, "b"), 3);
                backwardOfSum(tape, Linear.apply(tape, x, block.get("b"), bias));
                assertGradient(data, "x", tape.gradient(x), 1e-6);
                assertGradient(data, "w", Numbers.transposed(block.get("b").gradientArray(), 3, 2), 1e-6);
                assertGradient(data, "b", tape.gradient(bias), 1e-6);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> polynomial() {
        return DeviceSweep.each("poly", device -> {
            PublishedJson data = find("grad_vectors.json", "poly");
            try (Tape tape = Tape.recording(device)) {
                Tensor x = tape.variable(input(data, "x"), 3);
                Tensor[] terms = {Multiply.apply(tape, x, x), x, tape.constant(new float[] {1, 1, 1}, 3)};
                Tensor y = WeightedSum.apply(tape, terms, new float[] {1, 5, 4});
                assertClose(data.get("forward").numbers(), y.toArray(), 0);
                backwardOfSum(tape, y);
                assertGradient(data, "x", tape.gradient(x), 0);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> rmsNorm() {
        return DeviceSweep.each("rms_norm", device -> {
            PublishedJson data = find("grad_vectors.json", "rms_norm");
            try (Tape tape = Tape.inference(device)) {
                Tensor x = tape.constant(input(data, "x"), 4, 3);
                float[] y = RmsNorm.apply(tape, x, tape.constant(input(data, "w"), 3), 1e-5f)
                        .toArray();
                assertClose(data.get("forward").numbers(), y, 5e-5);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> crossEntropy() {
        return DeviceSweep.each("cross_entropy_index", device -> {
            PublishedJson data = find("grad_vectors.json", "cross_entropy_index");
            int[] targets = data.get("inputs").get("target").integers();
            try (Tape tape = Tape.inference(device)) {
                Tensor x = tape.constant(input(data, "x"), 3, 5);
                float loss =
                        CrossEntropy.apply(tape, x, tape.ints(targets), 1 / 3f).item();
                assertThat((double) loss).isCloseTo(data.number("forward"), within(5e-5));
            }
        });
    }

    /** A hundred steps of AdamW on {@code sum((x w + b - y)^2)}, to the four decimals that PyTorch prints. */
    @TestFactory
    Stream<DynamicTest> adamWOnALinearRegression() {
        return DeviceSweep.each("adamw_linear_regression", device -> {
            PublishedJson data = find("optim_vectors.json", "adamw_linear_regression");
            PublishedJson settings = data.get("optimizer");
            float[] x = Numbers.floats(data.get("data").get("x").numbers());
            double[] trueW = data.get("data").get("w_true").numbers();
            float[] negativeY = new float[4];
            for (int t = 0; t < 4; t++) {
                negativeY[t] = (float) -(x[2 * t] * trueW[0]
                        + x[2 * t + 1] * trueW[1]
                        + data.get("data").number("b_true"));
            }
            AdamW.Config config = new AdamW.Config(
                    settings.number("beta1"),
                    settings.number("beta2"),
                    settings.number("eps"),
                    settings.number("weight_decay"));
            try (ParameterBlock block = ParameterBlock.builder(device)
                            .add("w", 1, 2)
                            .add("b", 1)
                            .build();
                    AdamW adamW = new AdamW(block, config)) {
                block.startTraining();
                for (int step = 0; step < data.integer("steps"); step++) {
                    block.clearGradients();
                    try (Tape tape = Tape.recording(device)) {
                        Tensor y = Linear.apply(tape, tape.constant(x, 4, 2), block.get("w"), block.get("b"));
                        Tensor error = Add.apply(tape, y, tape.constant(negativeY, 4, 1));
                        backwardOfSum(tape, Multiply.apply(tape, error, error));
                    }
                    adamW.clip(0);
                    adamW.step(settings.number("lr"));
                }
                PublishedJson expected = data.get("expect");
                assertArrayEquals(
                        Numbers.floats(expected.get("w").numbers()),
                        block.get("w").toArray(),
                        6e-5f);
                assertArrayEquals(
                        new float[] {(float) expected.number("b")},
                        block.get("b").toArray(),
                        6e-5f);
            }
        });
    }
}
