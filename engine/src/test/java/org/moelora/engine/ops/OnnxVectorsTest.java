package org.moelora.engine.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.engine.testing.Numbers;
import org.moelora.engine.testing.PublishedJson;
import org.moelora.kernels.Attention;
import org.moelora.kernels.Ragged;

/** ONNX's own cases for the operators that exist here. */
class OnnxVectorsTest {
    /** The bar that comes with the data, on values of about one. */
    private static final double TOLERANCE = 1e-5;

    private record Case(PublishedJson root) {
        static Case read(String name) {
            return new Case(PublishedJson.read("ops/onnx-node-vectors/test_" + name + ".json"));
        }

        private PublishedJson input(int i) {
            return root.get("inputs").get(i);
        }

        int[] shape(int i) {
            return input(i).get("shape").integers();
        }

        float[] floats(int i) {
            return Numbers.floats(input(i).get("data").numbers());
        }

        int[] ints(int i) {
            return input(i).get("data").integers();
        }

        Tensor tensor(Tape tape, int i) {
            return tape.constant(floats(i), shape(i));
        }

        double[] output(int i) {
            return root.get("outputs").get(i).get("data").numbers();
        }

        int attribute(String name) {
            return root.get("attrs").integer(name);
        }
    }

    @FunctionalInterface
    private interface Run {
        Tensor run(Tape tape, Case data);
    }

    private static Stream<DynamicTest> each(Run run, String... names) {
        return Arrays.stream(names)
                .flatMap(name -> DeviceSweep.each(name, device -> {
                    Case data = Case.read(name);
                    try (Tape tape = Tape.inference(device)) {
                        float[] actual = run.run(tape, data).toArray();
                        double[] expected = data.output(0);
                        assertEquals(expected.length, actual.length);
                        for (int i = 0; i < actual.length; i++) {
                            assertEquals(
                                    expected[i],
                                    actual[i],
                                    TOLERANCE * Math.max(1, Math.abs(expected[i])),
                                    "element " + i);
                        }
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> softmax() {
        return each(
                (tape, data) -> Softmax.apply(tape, data.tensor(tape, 0)),
                "softmax_axis_2",
                "softmax_default_axis",
                "softmax_negative_axis",
                "softmax_example",
                "softmax_large_number");
    }

    @TestFactory
    Stream<DynamicTest> rmsNorm() {
        return each(
                (tape, data) -> RmsNorm.apply(tape, data.tensor(tape, 0), data.tensor(tape, 1), (float)
                        data.root().get("attrs").number("epsilon", 1e-5)),
                "rms_normalization_2d_axis1",
                "rms_normalization_2d_axis_negative_1",
                "rms_normalization_3d_axis2_epsilon",
                "rms_normalization_3d_axis_negative_1_epsilon",
                "rms_normalization_4d_axis3",
                "rms_normalization_4d_axis_negative_1",
                "rms_normalization_default_axis");
    }

    @TestFactory
    Stream<DynamicTest> elementwise() {
        return Stream.of(
                        each((tape, data) -> Add.apply(tape, data.tensor(tape, 0), data.tensor(tape, 1)), "add"),
                        each(
                                (tape, data) -> Multiply.apply(tape, data.tensor(tape, 0), data.tensor(tape, 1)),
                                "mul",
                                "mul_example"),
                        each((tape, data) -> SwiGlu.apply(tape, data.tensor(tape, 0), data.tensor(tape, 1)), "swiglu"))
                .flatMap(s -> s);
    }

    @TestFactory
    Stream<DynamicTest> gather() {
        return each(
                (tape, data) -> {
                    Tensor rows = tape.constant(data.floats(0), 5, 24);
                    return Embedding.gather(tape, tape.ints(data.ints(1)), rows);
                },
                "gather_0");
    }

    @TestFactory
    Stream<DynamicTest> linear() {
        return each(
                (tape, data) -> {
                    try (ParameterBlock block = ParameterBlock.builder(tape.device())
                            .add("w", data.shape(1))
                            .build()) {
                        block.get("w").set(data.floats(1));
                        Tensor bias = tape.constant(data.floats(2), 4);
                        return Linear.apply(tape, data.tensor(tape, 0), block.get("w"), bias);
                    }
                },
                "gemm_transposeB");
    }

    @TestFactory
    Stream<DynamicTest> rope() {
        return each(
                (tape, data) -> {
                    int[] positions = data.ints(3);
                    return Rope.apply(
                            tape,
                            tape.constant(data.floats(0), positions.length, 4 * 8),
                            table(tape, data.floats(1), data.floats(2), positions));
                },
                "rotary_embedding_3d_input");
    }

    /** [batch, heads, position, feature]: each vector is a row of one head. */
    @TestFactory
    Stream<DynamicTest> ropeOfSeparateHeads() {
        return each(
                (tape, data) -> {
                    int[] shape = data.shape(0);
                    int[] ids = data.root().get("node_inputs").elements().size() > 3
                            ? data.ints(3)
                            : new int[] {0, 1, 2, 3, 4, 5};
                    int[] positions = new int[shape[0] * shape[1] * shape[2]];
                    for (int row = 0; row < positions.length; row++) {
                        int batch = row / (shape[1] * shape[2]);
                        positions[row] = ids[batch * shape[2] + row % shape[2]];
                    }
                    return Rope.apply(
                            tape,
                            tape.constant(data.floats(0), positions.length, shape[3]),
                            table(tape, data.floats(1), data.floats(2), positions));
                },
                "rotary_embedding",
                "rotary_embedding_no_position_ids");
    }

    private static Tensor table(Tape tape, float[] cos, float[] sin, int[] positions) {
        float[] table = new float[positions.length * 8];
        for (int t = 0; t < positions.length; t++) {
            System.arraycopy(cos, positions[t] * 4, table, t * 8, 4);
            System.arraycopy(sin, positions[t] * 4, table, t * 8 + 4, 4);
        }
        return tape.constant(table, positions.length, 8);
    }

    /** There 4 queries stand at the first 4 of 6 keys. */
    @TestFactory
    Stream<DynamicTest> attention() {
        return each(
                (tape, data) -> {
                    int heads = data.attribute("q_num_heads");
                    int kvHeads = data.attribute("kv_num_heads");
                    Ragged rows = new Ragged(new int[] {0, 4, 8}, new int[] {0, 6}, new int[] {4, 4});
                    Attention.Plan plan = new Attention.Plan(heads, kvHeads, 8, (float) (1 / Math.sqrt(8)), rows);
                    return CausalAttention.apply(
                            tape,
                            plan,
                            tape.constant(data.floats(0), 8, heads * 8),
                            tape.constant(data.floats(1), 12, kvHeads * 8),
                            tape.constant(data.floats(2), 12, kvHeads * 8));
                },
                "attention_3d_causal",
                "attention_3d_gqa_causal");
    }

    @TestFactory
    Stream<DynamicTest> crossEntropy() {
        return Stream.of(
                        each((tape, data) -> crossEntropy(tape, data, 1 / 3f), "sce_mean"),
                        each((tape, data) -> crossEntropy(tape, data, 1), "sce_sum"))
                .flatMap(s -> s);
    }

    private static Tensor crossEntropy(Tape tape, Case data, float scale) {
        return CrossEntropy.apply(tape, data.tensor(tape, 0), tape.ints(data.ints(1)), scale);
    }

    /** There the indices stand in the order of their values, here in ascending order. */
    @TestFactory
    Stream<DynamicTest> topK() {
        return DeviceSweep.each("top_k", device -> {
            Case data = Case.read("top_k");
            try (Tape tape = Tape.inference(device)) {
                int[] shape = data.shape(0);
                int k = data.ints(1)[0];
                int[] actual = TopK.apply(tape, data.tensor(tape, 0), k, false)
                        .selected()
                        .toIntArray();
                double[] indices = data.output(1);
                for (int row = 0; row < shape[0]; row++) {
                    double[] expected = Arrays.copyOfRange(indices, row * k, (row + 1) * k);
                    Arrays.sort(expected);
                    for (int i = 0; i < k; i++) {
                        assertThat(actual[row * k + i]).isEqualTo((int) expected[i]);
                    }
                }
            }
        });
    }
}
