package org.moelora.engine.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.moelora.engine.testing.Numbers.doubles;
import static org.moelora.engine.testing.Numbers.normal;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.GradientCheck;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.engine.testing.Formulas;
import org.moelora.engine.testing.FrozenValues;
import org.moelora.kernels.Attention;
import org.moelora.kernels.DType;
import org.moelora.kernels.Device;
import org.moelora.kernels.Ragged;

/** The ops of a decoder, forward and backward, against their formulas in double, at sizes that straddle lanes and tiles. */
class OpsTest {
    private static final double FORWARD = 2e-6;
    private static final double GRADIENT = 5e-6;

    @TestFactory
    Stream<DynamicTest> linear() {
        return Stream.of(new int[] {1, 17, 13}, new int[] {5, 33, 16}, new int[] {18, 1, 31}, new int[] {3, 16, 1})
                .flatMap(size -> {
                    int rows = size[0];
                    int in = size[1];
                    int out = size[2];
                    return DeviceSweep.each("linear " + Arrays.toString(size), device -> {
                        GradientCheck.of("linear")
                                .variable(rows, in)
                                .parameter(out, in)
                                .on(
                                        device,
                                        (tape, x) -> Linear.apply(tape, x[0], (Parameter) x[1], null),
                                        x -> Formulas.linear(x[0], x[1], null, in))
                                .require(FORWARD, GRADIENT);
                        GradientCheck.of("linear with bias")
                                .variable(rows, in)
                                .parameter(out, in)
                                .parameter(out)
                                .on(
                                        device,
                                        (tape, x) -> Linear.apply(tape, x[0], (Parameter) x[1], x[2]),
                                        x -> Formulas.linear(x[0], x[1], x[2], in))
                                .require(FORWARD, GRADIENT);
                    });
                });
    }

    @TestFactory
    Stream<DynamicTest> frozenLinear() {
        return Stream.of(DType.F32, DType.BF16, DType.F16)
                .flatMap(dtype -> DeviceSweep.each("linear frozen in " + dtype, device -> {
                    for (int rows : new int[] {1, 3, 17}) {
                        try (FrozenValues w = FrozenValues.random(device, dtype, 19, 35)) {
                            GradientCheck.of("linear of " + rows + " rows frozen in " + dtype)
                                    .variable(rows, 35)
                                    .parameter(19)
                                    .on(
                                            device,
                                            (tape, x) -> Linear.apply(tape, x[0], w.weight(), x[1]),
                                            x -> Formulas.linear(x[0], w.values(), x[1], 35))
                                    .require(FORWARD, GRADIENT);
                        }
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> rmsNorm() {
        // The small scale makes eps count.
        return DeviceSweep.each("rms norm", device -> {
            for (int cols : new int[] {1, 13, 17, 64}) {
                GradientCheck.of("rms norm of " + cols)
                        .variable(5, cols)
                        .parameter(cols)
                        .on(
                                device,
                                (tape, x) -> RmsNorm.apply(tape, x[0], x[1], 0.25f),
                                x -> Formulas.rmsNorm(x[0], x[1], 0.25))
                        .require(FORWARD, GRADIENT);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> rmsNormOfHeads() {
        return DeviceSweep.each(
                "rms norm of heads",
                device -> GradientCheck.of("rms norm of 3 heads of 7")
                        .variable(5, 21)
                        .parameter(7)
                        .on(
                                device,
                                (tape, x) -> RmsNorm.apply(tape, x[0], x[1], 0.25f),
                                x -> Formulas.rmsNorm(x[0], x[1], 0.25))
                        .require(FORWARD, GRADIENT));
    }

    @TestFactory
    Stream<DynamicTest> layerNorm() {
        return DeviceSweep.each("layer norm", device -> {
            for (int cols : new int[] {2, 13, 17, 64}) {
                double[] weight = doubles(normal(3, cols));
                double[] bias = doubles(normal(4, cols));
                GradientCheck.of("layer norm of " + cols)
                        .variable(5, cols)
                        .on(
                                device,
                                (tape, x) -> LayerNorm.apply(
                                        tape,
                                        x[0],
                                        tape.constant(normal(3, cols), cols),
                                        tape.constant(normal(4, cols), cols),
                                        0.25f),
                                x -> Formulas.layerNorm(x[0], weight, bias, 0.25))
                        .require(FORWARD, GRADIENT);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> gelu() {
        return DeviceSweep.each(
                "gelu",
                device -> GradientCheck.of("gelu")
                        .variable(5, 37)
                        .on(device, (tape, x) -> Gelu.apply(tape, x[0]), x -> Formulas.gelu(x[0]))
                        .require(FORWARD, GRADIENT));
    }

    @TestFactory
    Stream<DynamicTest> squaredRelu() {
        return DeviceSweep.each(
                "squared relu",
                device -> GradientCheck.of("squared relu")
                        .variable(5, 37)
                        .on(
                                device,
                                (tape, x) -> SquaredRelu.apply(tape, x[0]),
                                x -> Arrays.stream(x[0])
                                        .map(v -> Math.pow(Math.max(v, 0), 2))
                                        .toArray())
                        .require(FORWARD, GRADIENT));
    }

    @TestFactory
    Stream<DynamicTest> columns() {
        return DeviceSweep.each("columns", device -> {
            GradientCheck.of("columns 3 to 20 of 29")
                    .variable(5, 29)
                    .on(device, (tape, x) -> Columns.apply(tape, x[0], 3, 17), x -> Formulas.columns(x[0], 29, 3, 17))
                    .require(FORWARD, GRADIENT);
            GradientCheck.of("columns that overlap")
                    .variable(5, 29)
                    .on(
                            device,
                            (tape, x) -> Multiply.apply(
                                    tape, Columns.apply(tape, x[0], 0, 17), Columns.apply(tape, x[0], 12, 17)),
                            x -> {
                                double[] y = Formulas.columns(x[0], 29, 0, 17);
                                double[] other = Formulas.columns(x[0], 29, 12, 17);
                                Arrays.setAll(y, i -> y[i] * other[i]);
                                return y;
                            })
                    .require(FORWARD, GRADIENT);
        });
    }

    @TestFactory
    Stream<DynamicTest> scale() {
        return DeviceSweep.each(
                "scale",
                device -> GradientCheck.of("scale")
                        .variable(5, 37)
                        .on(
                                device,
                                (tape, x) -> Scale.apply(tape, x[0], 2.5f),
                                x -> Arrays.stream(x[0]).map(v -> 2.5 * v).toArray())
                        .require(FORWARD, GRADIENT));
    }

    @TestFactory
    Stream<DynamicTest> transposedLinear() {
        return DeviceSweep.each("linear frozen as its transpose", device -> {
            for (int rows : new int[] {1, 3, 17}) {
                try (FrozenValues w = FrozenValues.transposed(device, 19, 35)) {
                    GradientCheck.of("linear of " + rows + " rows")
                            .variable(rows, 35)
                            .parameter(19)
                            .on(
                                    device,
                                    (tape, x) -> Linear.apply(tape, x[0], w.weight(), x[1]),
                                    x -> Formulas.linear(x[0], w.values(), x[1], 35))
                            .require(FORWARD, GRADIENT);
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> interleavedRope() {
        double[] frequencies = {1, 0.3, 0.09};
        int[] positions = {0, 1, 2, 700};
        return DeviceSweep.each(
                "interleaved rope",
                device -> GradientCheck.of("interleaved rope")
                        .variable(positions.length, 2 * 6)
                        .on(
                                device,
                                (tape, x) -> Rope.apply(
                                        tape, x[0], Rope.table(tape, tape.ints(positions), frequencies), true),
                                x -> {
                                    double[] y = new double[x[0].length];
                                    for (int i = 0; i < y.length; i += 2) {
                                        double angle = positions[i / 12] * frequencies[i / 2 % 3];
                                        y[i] = x[0][i] * Math.cos(angle) - x[0][i + 1] * Math.sin(angle);
                                        y[i + 1] = x[0][i + 1] * Math.cos(angle) + x[0][i] * Math.sin(angle);
                                    }
                                    return y;
                                })
                        .require(FORWARD, GRADIENT));
    }

    @TestFactory
    Stream<DynamicTest> rope() {
        double[] frequencies = {1, 0.3, 0.09, 0.027, 0.0081, 0.00243, 0.000729};
        int[] positions = {0, 1, 2, 700, 0, 1, 31};
        return DeviceSweep.each(
                "rope",
                device -> GradientCheck.of("rope")
                        .variable(positions.length, 3 * 14)
                        .on(
                                device,
                                (tape, x) ->
                                        Rope.apply(tape, x[0], Rope.table(tape, tape.ints(positions), frequencies)),
                                x -> Formulas.rope(x[0], positions, frequencies, 3))
                        .require(FORWARD, GRADIENT));
    }

    @TestFactory
    Stream<DynamicTest> attention() {
        int[] starts = {0, 1, 8, 8, 21};
        return Stream.of(new int[] {4, 2, 6}, new int[] {3, 3, 5}, new int[] {3, 1, 16})
                .flatMap(size -> {
                    int heads = size[0];
                    int kvHeads = size[1];
                    int headDim = size[2];
                    float scale = 0.4f;
                    Attention.Plan plan = new Attention.Plan(heads, kvHeads, headDim, scale, Ragged.self(starts));
                    return DeviceSweep.each(
                            "attention " + Arrays.toString(size),
                            device -> GradientCheck.of("attention")
                                    .variable(21, heads * headDim)
                                    .variable(21, kvHeads * headDim)
                                    .variable(21, kvHeads * headDim)
                                    .on(device, (tape, x) -> CausalAttention.apply(tape, plan, x[0], x[1], x[2]), x -> {
                                        double[] o = new double[x[0].length];
                                        for (int s = 0; s + 1 < starts.length; s++) {
                                            int from = starts[s];
                                            int to = starts[s + 1];
                                            Formulas.attention(
                                                    x[0], x[1], x[2], o, heads, kvHeads, headDim, scale, from, to, from,
                                                    to - from);
                                        }
                                        return o;
                                    })
                                    .require(FORWARD, GRADIENT));
                });
    }

    /** Two sequences in a cache of 20 rows each: one decodes a single token after 16, one goes on with 3 after 14. */
    @TestFactory
    Stream<DynamicTest> cachedAttention() {
        Heads heads = new Heads(4, 2, 6, 0.4f, Heads.UNLIMITED);
        return DeviceSweep.each("attention on a cache", device -> {
            float[] q = normal(1, 4 * 24);
            float[] k = normal(2, 40 * 12);
            float[] v = normal(3, 40 * 12);
            try (KeyValueCache cache = new KeyValueCache(device, 1, 2, 20, 20, 12);
                    Tape tape = Tape.inference(device)) {
                cache.advance(new int[] {16, 14});
                Tensor before = tape.constant(normal(4, 30 * 24), 30, 24);
                cache.attend(tape, 0, heads, before, rows(tape, k, 0, 16, 20, 34), rows(tape, v, 0, 16, 20, 34));
                cache.advance(new int[] {1, 3});
                Tensor o = cache.attend(
                        tape,
                        0,
                        heads,
                        tape.constant(q, 4, 24),
                        rows(tape, k, 16, 17, 34, 37),
                        rows(tape, v, 16, 17, 34, 37));
                double[] expected = new double[q.length];
                Formulas.attention(doubles(q), doubles(k), doubles(v), expected, 4, 2, 6, 0.4f, 0, 1, 0, 17);
                Formulas.attention(doubles(q), doubles(k), doubles(v), expected, 4, 2, 6, 0.4f, 1, 4, 20, 17);
                assertArrayEquals(expected, doubles(o.toArray()), 5e-6);
            }
        });
    }

    /** Rows of x [*, 12] from two ranges. */
    private static Tensor rows(Tape tape, float[] x, int from, int to, int fromNext, int toNext) {
        float[] rows = Arrays.copyOfRange(x, from * 12, to * 12 + (toNext - fromNext) * 12);
        System.arraycopy(x, fromNext * 12, rows, (to - from) * 12, (toNext - fromNext) * 12);
        return tape.constant(rows, rows.length / 12, 12);
    }

    @TestFactory
    Stream<DynamicTest> swiGlu() {
        return DeviceSweep.each("swiglu", device -> {
            for (int cols : new int[] {1, 13, 17, 207}) {
                GradientCheck.of("swiglu of " + cols)
                        .variable(2, cols)
                        .variable(2, cols)
                        .on(device, (tape, x) -> SwiGlu.apply(tape, x[0], x[1]), x -> Formulas.swiGlu(x[0], x[1]))
                        .require(FORWARD, GRADIENT);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> embedding() {
        int[] ids = {3, 0, 3, 10, 3, 7};
        return DeviceSweep.each("embedding", device -> {
            for (int width : new int[] {1, 13, 16, 33}) {
                GradientCheck.of("embedding")
                        .parameter(11, width)
                        .on(
                                device,
                                (tape, x) -> Embedding.apply(tape, tape.ints(ids), (Parameter) x[0]),
                                x -> Formulas.gather(x[0], ids, width))
                        .require(0, GRADIENT);
                GradientCheck.of("gather")
                        .variable(11, width)
                        .on(
                                device,
                                (tape, x) -> Embedding.gather(tape, tape.ints(ids), x[0]),
                                x -> Formulas.gather(x[0], ids, width))
                        .require(0, GRADIENT);
                for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
                    try (FrozenValues w = FrozenValues.random(device, dtype, 11, width);
                            Tape tape = Tape.recording(device)) {
                        Tensor y = Embedding.apply(tape, tape.ints(ids), w.weight());
                        assertArrayEquals(Formulas.gather(w.values(), ids, width), doubles(y.toArray()));
                        assertEquals(false, y.requiresGrad());
                    }
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> crossEntropy() {
        return DeviceSweep.each("cross-entropy", device -> {
            for (int classes : new int[] {2, 17, 50}) {
                int[] targets = {0, 1, classes - 1, 1, 0};
                GradientCheck.of("cross-entropy")
                        .variable(5, classes)
                        .on(
                                device,
                                (tape, x) -> CrossEntropy.apply(tape, x[0], tape.ints(targets), 0.2f),
                                x -> Formulas.crossEntropy(x[0], targets, 0.2f))
                        .require(FORWARD, GRADIENT);
                GradientCheck.of("linear cross-entropy")
                        .variable(5, 13)
                        .parameter(classes, 13)
                        .on(
                                device,
                                (tape, x) ->
                                        CrossEntropy.ofLinear(tape, x[0], (Parameter) x[1], tape.ints(targets), 0.2f),
                                x -> Formulas.crossEntropy(Formulas.linear(x[0], x[1], null, 13), targets, 0.2f))
                        .require(FORWARD, GRADIENT);
                try (FrozenValues w = FrozenValues.random(device, DType.BF16, classes, 13)) {
                    GradientCheck.of("frozen linear cross-entropy")
                            .variable(5, 13)
                            .on(
                                    device,
                                    (tape, x) ->
                                            CrossEntropy.ofLinear(tape, x[0], w.weight(), tape.ints(targets), 0.2f),
                                    x -> Formulas.crossEntropy(
                                            Formulas.linear(x[0], w.values(), null, 13), targets, 0.2f))
                            .require(FORWARD, GRADIENT);
                    float[] x = normal(7, 5 * 13);
                    try (Tape tape = Tape.inference(device)) {
                        float[] actual = CrossEntropy.logProbabilities(
                                tape, tape.constant(x, 5, 13), w.weight(), tape.ints(targets));
                        double[] logits = Formulas.linear(doubles(x), w.values(), null, 13);
                        assertArrayEquals(Formulas.logProbabilities(logits, targets), doubles(actual), 1e-5);
                    }
                }
            }
        });
    }

    /** So many classes that the fused op cuts 40 rows in three; its composed twin holds all logits. */
    @TestFactory
    Stream<DynamicTest> linearCrossEntropyInChunks() {
        int classes = 131_072;
        int rows = 40;
        int[] targets = IntStream.range(0, rows).map(n -> n * 3276).toArray();
        float[] x = normal(3, rows * 3);
        float[] w = normal(4, classes * 3);
        return DeviceSweep.each("linear cross-entropy in chunks", device -> {
            try (ParameterBlock block =
                            ParameterBlock.builder(device).add("w", classes, 3).build();
                    Tape fused = Tape.recording(device);
                    Tape composed = Tape.recording(device)) {
                Parameter weight = block.get("w");
                weight.set(w);
                block.startTraining();

                Tensor x1 = fused.variable(x, rows, 3);
                Tensor loss1 = CrossEntropy.ofLinear(fused, x1, weight, fused.ints(targets), 1f / rows);
                fused.backward(loss1);
                float[] dw1 = weight.gradientArray();
                block.clearGradients();

                Tensor x2 = composed.variable(x, rows, 3);
                Tensor logits = Linear.apply(composed, x2, weight, null);
                Tensor loss2 = CrossEntropy.apply(composed, logits, composed.ints(targets), 1f / rows);
                float[] all = logits.toArray();
                composed.backward(loss2);

                assertEquals(loss2.item(), loss1.item(), 1e-6 * loss2.item());
                assertArrayEquals(composed.gradient(x2), fused.gradient(x1), 1e-6f);
                assertArrayEquals(weight.gradientArray(), dw1, 1e-7f);
                float[] logProbabilities = CrossEntropy.logProbabilities(
                        fused, composed.constant(x, rows, 3), weight, fused.ints(targets));
                assertArrayEquals(Formulas.logProbabilities(doubles(all), targets), doubles(logProbabilities), 2e-5);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> softmax() {
        return DeviceSweep.each("softmax", device -> {
            for (int cols : new int[] {1, 2, 13, 16, 33}) {
                GradientCheck.of("softmax of " + cols)
                        .variable(4, cols)
                        .on(device, (tape, x) -> Softmax.apply(tape, x[0]), x -> Formulas.softmax(x[0], cols))
                        // A single column is constant: its gradient is a difference that should vanish.
                        .require(FORWARD, GRADIENT);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> elementwise() {
        return DeviceSweep.each("add, multiply, weighted sum", device -> {
            for (int cols : new int[] {1, 13, 33, 702}) {
                GradientCheck.of("add")
                        .variable(1, cols)
                        .variable(1, cols)
                        .on(device, (tape, x) -> Add.apply(tape, x[0], x[1]), x -> map(cols, i -> x[0][i] + x[1][i]))
                        .require(FORWARD, GRADIENT);
                GradientCheck.of("a tensor added to itself")
                        .variable(1, cols)
                        .on(device, (tape, x) -> Add.apply(tape, x[0], x[0]), x -> map(cols, i -> 2 * x[0][i]))
                        .require(FORWARD, GRADIENT);
                GradientCheck.of("multiply")
                        .variable(1, cols)
                        .variable(1, cols)
                        .on(
                                device,
                                (tape, x) -> Multiply.apply(tape, x[0], x[1]),
                                x -> map(cols, i -> x[0][i] * x[1][i]))
                        .require(FORWARD, GRADIENT);
                // Terms of both signs cancel, and what is left is held against their rounding.
                GradientCheck.of("inner product")
                        .variable(1, cols)
                        .variable(1, cols)
                        .on(device, (tape, x) -> InnerProduct.apply(tape, x[0], x[1]), x -> new double[] {
                            IntStream.range(0, cols)
                                    .mapToDouble(i -> x[0][i] * x[1][i])
                                    .sum()
                        })
                        .require(1e-5, GRADIENT);
                GradientCheck.of("square")
                        .variable(1, cols)
                        .on(
                                device,
                                (tape, x) -> Multiply.apply(tape, x[0], x[0]),
                                x -> map(cols, i -> x[0][i] * x[0][i]))
                        .require(FORWARD, GRADIENT);
                GradientCheck.of("weighted sum")
                        .variable(1, cols)
                        .variable(1, cols)
                        .variable(1, cols)
                        .on(
                                device,
                                (tape, x) -> WeightedSum.apply(tape, x, new float[] {0.5f, -3, 0}),
                                x -> map(cols, i -> 0.5 * x[0][i] - 3 * x[1][i]))
                        .require(FORWARD, GRADIENT);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> dropout() {
        int n = 20_001;
        float[] ones = new float[n];
        Arrays.fill(ones, 1);
        return DeviceSweep.each("dropout", device -> {
            float[] mask = dropped(device, ones, 11);
            long kept = IntStream.range(0, n).filter(i -> mask[i] != 0).count();
            // Five standard deviations of a binomial.
            assertEquals(0.7 * n, (double) kept, 5 * Math.sqrt(n * 0.3 * 0.7));
            for (float m : mask) {
                assertEquals(m == 0 ? 0 : 1 / 0.7f, m, 1e-6f);
            }
            assertArrayEquals(mask, dropped(device, ones, 11));
            float[] other = dropped(device, ones, 12);
            long both = IntStream.range(0, n)
                    .filter(i -> mask[i] != 0 && other[i] != 0)
                    .count();
            assertEquals(0.49 * n, (double) both, 5 * Math.sqrt(n * 0.49 * 0.51));

            GradientCheck.of("dropout")
                    .variable(3, 35)
                    .on(device, (tape, x) -> Dropout.apply(tape, x[0], 0.3f, 11), x -> map(105, i -> mask[i] * x[0][i]))
                    .require(FORWARD, GRADIENT);
            GradientCheck.of("no dropout")
                    .variable(3, 35)
                    .on(device, (tape, x) -> Dropout.apply(tape, x[0], 0, 11), x -> x[0].clone())
                    .require(0, GRADIENT);
        });
    }

    private static float[] dropped(Device device, float[] x, long key) {
        try (Tape tape = Tape.inference(device)) {
            return Dropout.apply(tape, tape.constant(x, x.length), 0.3f, key).toArray();
        }
    }

    private static double[] map(int n, IntToDoubleFunction f) {
        return IntStream.range(0, n).mapToDouble(f).toArray();
    }
}
