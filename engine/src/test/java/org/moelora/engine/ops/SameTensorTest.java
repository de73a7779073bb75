package org.moelora.engine.ops;

import static org.moelora.engine.testing.Numbers.normal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Device;
import org.moelora.kernels.Ragged;

/** One tensor as several inputs of an op: its gradient is the sum of those that different tensors of the same values have. */
class SameTensorTest {
    interface Op {
        Tensor apply(Tape tape, Tensor[] in);
    }

    /**
     * @param inputs how many, all of the shape
     */
    record Case(String name, int inputs, int[] shape, Op op) {}

    private static final Attention.Plan SELF = new Attention.Plan(2, 2, 3, 0.6f, Ragged.self(0, 2, 5));

    private static final List<Case> CASES = List.of(
            new Case("add", 2, new int[] {3, 7}, (tape, x) -> Add.apply(tape, x[0], x[1])),
            new Case("multiply", 2, new int[] {3, 7}, (tape, x) -> Multiply.apply(tape, x[0], x[1])),
            new Case("inner product", 2, new int[] {3, 7}, (tape, x) -> InnerProduct.apply(tape, x[0], x[1])),
            new Case("swiglu", 2, new int[] {3, 19}, (tape, x) -> SwiGlu.apply(tape, x[0], x[1])),
            new Case(
                    "weighted sum",
                    3,
                    new int[] {3, 7},
                    (tape, x) -> WeightedSum.apply(tape, x, new float[] {0.5f, -3, 2})),
            new Case(
                    "threshold",
                    2,
                    new int[] {5, 1},
                    (tape, x) -> ThresholdGate.apply(tape, Scale.apply(tape, x[0], 3), x[1])),
            new Case("threshold of itself", 2, new int[] {5, 1}, (tape, x) -> ThresholdGate.apply(tape, x[0], x[1])),
            new Case(
                    "attention", 3, new int[] {5, 6}, (tape, x) -> CausalAttention.apply(tape, SELF, x[0], x[1], x[2])),
            new Case(
                    "gated update",
                    4,
                    new int[] {3, 3},
                    (tape, x) -> GatedUpdate.apply(tape, Scale.apply(tape, x[0], 2), x[1], x[2], x[3], 0.7f)),
            new Case(
                    "update without a gate",
                    3,
                    new int[] {3, 3},
                    (tape, x) -> GatedUpdate.apply(tape, Scale.apply(tape, x[0], 2), x[1], null, x[2], 0.7f)),
            new Case("linear", 2, new int[] {4, 4}, (tape, x) -> Linear.apply(tape, x[0], (Parameter) x[1], null)),
            new Case(
                    "linear with bias",
                    3,
                    new int[] {1, 1},
                    (tape, x) -> Linear.apply(tape, x[0], (Parameter) x[1], x[2])),
            new Case("magnitude", 3, new int[] {1, 9}, (tape, x) -> Magnitude.apply(tape, x[0], x[1], x[2])),
            new Case("rms norm", 2, new int[] {1, 9}, (tape, x) -> RmsNorm.apply(tape, x[0], x[1], 0.1f)),
            new Case(
                    "linear cross-entropy",
                    2,
                    new int[] {4, 4},
                    (tape, x) -> CrossEntropy.ofLinear(tape, x[0], (Parameter) x[1], tape.ints(0, 3, 1, 1), 0.25f)),
            new Case(
                    "contrastive loss",
                    2,
                    new int[] {4, 4},
                    (tape, x) -> ContrastiveLoss.apply(
                            tape,
                            x[0],
                            x[1],
                            MixtureOpsTest.selections(tape, new int[] {0, 1, 0, 1}, 1),
                            2,
                            0.5f,
                            null)),
            new Case(
                    "gated contrastive loss",
                    3,
                    new int[] {4, 4},
                    (tape, x) -> ContrastiveLoss.apply(
                            tape,
                            x[0],
                            x[1],
                            x[2],
                            MixtureOpsTest.selections(tape, new int[] {0, 1, 0, 1}, 1),
                            4,
                            0.5f,
                            null)),
            new Case(
                    "token contrastive loss",
                    2,
                    new int[] {4, 6},
                    (tape, x) -> TokenContrastiveLoss.apply(
                            tape,
                            x[0],
                            x[1],
                            MixtureOpsTest.selections(tape, new int[] {0, 1, 0, 2, 1, 2, 0, 1}, 2),
                            3,
                            0.5f)));

    enum How {
        ALONE,
        KEPT,
        RUN_AGAIN
    }

    @TestFactory
    Stream<DynamicTest> gradientsAddUp() {
        return CASES.stream().flatMap(one -> DeviceSweep.each(one.name(), device -> check(device, one)));
    }

    private static void check(Device device, Case one) {
        int n = Arrays.stream(one.shape()).reduce(1, (a, b) -> a * b);
        float[] values = normal(5, n);
        for (boolean before : new boolean[] {false, true}) {
            float[][] apart =
                    run(device, one, values, IntStream.range(0, one.inputs()).toArray(), before, How.ALONE);
            for (int[] same : groupings(one.inputs())) {
                for (How how : How.values()) {
                    float[][] together = run(device, one, values, same, before, how);
                    for (int group = 0; group < one.inputs(); group++) {
                        require(one, same, before, how, group, apart, together[group], values);
                    }
                }
            }
        }
    }

    private static void require(
            Case one,
            int[] same,
            boolean before,
            How how,
            int group,
            float[][] apart,
            float[] gradient,
            float[] values) {
        for (int i = 0; i < values.length; i++) {
            double expected = 0;
            int members = 0;
            for (int input = 0; input < one.inputs(); input++) {
                if (same[input] == group) {
                    expected += apart[input][i];
                    members++;
                }
            }
            if (members == 0) {
                continue;
            }
            expected -= before ? (members - 1) * BEFORE : 0; // what stood there before stands there once
            if (!(Math.abs(gradient[i] - expected) <= 2e-5 * (1 + Math.abs(expected)))) {
                throw new AssertionError(one.name() + " with inputs " + Arrays.toString(same) + ", " + how
                        + (before ? ", a gradient before" : "") + ": d[" + i + "] of input " + group + " is "
                        + gradient[i] + "; expected " + expected);
            }
        }
    }

    /** The gradient that a tensor has already when the op's backward pass begins. */
    private static final float BEFORE = 4;

    static Stream<Case> cases() {
        return CASES.stream();
    }

    /** The op forward and back, with all its inputs one tensor. */
    static void once(Device device, Case one, How how) {
        int n = Arrays.stream(one.shape()).reduce(1, (a, b) -> a * b);
        run(device, one, normal(5, n), new int[one.inputs()], true, how);
    }

    /** Gradients of the tensors {@code 0 ..}, of which input i of the op is number {@code same[i]}. */
    private static float[][] run(Device device, Case one, float[] values, int[] same, boolean before, How how) {
        ParameterBlock.Builder builder = ParameterBlock.builder(device);
        for (int i = 0; i < one.inputs(); i++) {
            builder.add("x" + i, one.shape());
        }
        boolean parameters = one.name().contains("linear");
        try (ParameterBlock block = builder.build();
                Tape tape = how == How.RUN_AGAIN ? Tape.recomputing(device) : Tape.recording(device)) {
            block.startTraining();
            Tensor[] all = new Tensor[one.inputs()];
            for (int i = 0; i < all.length; i++) {
                block.get("x" + i).set(values);
                all[i] = parameters ? block.get("x" + i) : tape.variable(values, one.shape());
            }
            Tensor[] in = Arrays.stream(same).mapToObj(i -> all[i]).toArray(Tensor[]::new);
            Tensor y = how == How.ALONE
                    ? one.op().apply(tape, in)
                    : tape.checkpointed("op", part -> List.of(one.op().apply(part, in)), in)
                            .getFirst();
            List<Tensor> terms = new ArrayList<>(
                    List.of(project(tape, y, normal(6, (int) y.shape().size()))));
            if (before) {
                float[] ones = new float[values.length];
                Arrays.fill(ones, BEFORE);
                for (Tensor x : all) {
                    terms.add(project(tape, x, ones));
                }
            }
            float[] weights = new float[terms.size()];
            Arrays.fill(weights, 1);
            tape.backward(WeightedSum.apply(tape, terms.toArray(Tensor[]::new), weights));
            return Arrays.stream(all)
                    .map(x -> x instanceof Parameter p ? p.gradientArray() : tape.gradient(x))
                    .toArray(float[][]::new);
        }
    }

    /** {@code sum_i projection_i y_i}, whose value plays no part. */
    private static Tensor project(Tape tape, Tensor y, float[] projection) {
        return tape.op("projection")
                .differentiable(y)
                .forward(Shape.of(1), (v, sum) -> tape.kernels().elementwise().fill(sum, 0))
                .backward((v, dSum, d) ->
                        tape.device().write(projection, d.overwritten(y).memory(), 0));
    }

    /** Which inputs are one tensor: each pair, and all of them. */
    private static List<int[]> groupings(int inputs) {
        List<int[]> groupings = new ArrayList<>();
        for (int i = 0; i < inputs; i++) {
            for (int j = i + 1; j < inputs; j++) {
                int[] same = IntStream.range(0, inputs).toArray();
                same[j] = i;
                groupings.add(same);
            }
        }
        groupings.add(new int[inputs]);
        return groupings;
    }
}
