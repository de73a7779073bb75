package org.moelora.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.ops.Add;
import org.moelora.engine.ops.CrossEntropy;
import org.moelora.engine.ops.Dropout;
import org.moelora.engine.ops.Multiply;
import org.moelora.engine.ops.RmsNorm;
import org.moelora.engine.ops.Softmax;
import org.moelora.engine.ops.WeightedSum;
import org.moelora.engine.testing.Numbers;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Owner;

class CheckpointedBlockTest {
    private static final int N = 1024;
    private static final long ONE = N * Float.BYTES;

    private Device device;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-plain", new DeviceOptions(1, true));
    }

    @AfterEach
    void nothingIsLeft() {
        long left = device.memoryUse().total();
        device.close();
        assertThat(left).isZero();
    }

    private long taped() {
        return device.memoryUse().now().getOrDefault(Owner.TAPE, 0L);
    }

    private static Tensor one(Tape tape, String name, Function<Tape, Tensor> body, Tensor... reads) {
        return tape.checkpointed(name, part -> List.of(body.apply(part)), reads).getFirst();
    }

    private Tape tape(boolean recomputing) {
        return recomputing ? Tape.recomputing(device) : Tape.recording(device);
    }

    @Test
    void aRecomputingTapeKeepsTheResultsAndOnePart() {
        int layers = 10;
        int ops = 5;
        try (Tape tape = Tape.recomputing(device)) {
            Tensor x = tape.variable(Numbers.normal(1, N), 1, N);
            Tensor c = tape.constant(Numbers.normal(2, N), 1, N);
            for (int layer = 0; layer < layers; layer++) {
                Tensor in = x;
                x = one(
                        tape,
                        "layer " + layer,
                        part -> {
                            Tensor y = in;
                            for (int i = 0; i < ops; i++) {
                                y = Multiply.apply(part, y, c);
                            }
                            return y;
                        },
                        in,
                        c);
            }
            assertThat(taped()).isEqualTo((2 + layers) * ONE);
            Tensor loss = CrossEntropy.apply(tape, x, tape.ints(3), 1);
            device.resetPeak();
            tape.backward(loss);
            // the results, a part recomputed but for the result it had, and two gradients; the loss's softmax is gone
            // by
            // then
            assertThat(device.memoryUse().peak()).isBetween((2 + layers) * ONE, (2 + layers + ops + 2) * ONE + 1024);
        }
    }

    @Test
    void aRecordingTapeGivesBackWhatNoOpWillRead() {
        try (Tape tape = Tape.recording(device)) {
            Tensor x = tape.variable(Numbers.normal(1, N), 1, N);
            long before = taped();
            Tensor y = one(
                    tape,
                    "layer",
                    part -> {
                        Tensor sum = Add.apply(part, x, x); // an addition's gradient depends on no value
                        Tensor read = Softmax.apply(part, sum);
                        return Add.apply(part, read, sum);
                    },
                    x);
            assertThat(taped() - before).isEqualTo(2 * ONE);
            tape.backward(CrossEntropy.apply(tape, y, tape.ints(3), 1));
        }
    }

    @Test
    void whatIsQuicklyMadeAgainIsNotKeptThoughItIsRead() {
        try (Tape tape = Tape.recording(device)) {
            Tensor x = tape.variable(Numbers.normal(1, N), 1, N);
            Tensor weight = tape.constant(Numbers.normal(2, N), N);
            long before = taped();
            Tensor y = one(
                    tape,
                    "layer",
                    part -> {
                        Tensor normed = RmsNorm.apply(part, x, weight, 1e-5f);
                        return Multiply.apply(part, normed, normed);
                    },
                    x,
                    weight);
            assertThat(taped() - before).isBetween(ONE, ONE + 64); // the product, and one number of the norm
            tape.backward(CrossEntropy.apply(tape, y, tape.ints(3), 1));
            assertThat(tape.gradient(x)).doesNotContain(Float.NaN);
        }
    }

    /** {@code sum} over both results of a checkpointed block: losses leave a layer beside its output. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gradientsEnterThroughEveryResult(boolean recomputing) {
        try (Tape tape = tape(recomputing)) {
            Tensor x = tape.variable(new float[] {5}, 1);
            Tensor w = tape.variable(new float[] {7}, 1);
            List<Tensor> results = tape.checkpointed(
                    "two",
                    part -> {
                        Tensor square = Multiply.apply(part, x, x);
                        return List.of(square, Multiply.apply(part, square, w));
                    },
                    x,
                    w);
            // L = 2 x^2 + 3 x^2 w
            Tensor loss = WeightedSum.apply(tape, results.toArray(Tensor[]::new), new float[] {2, 3});
            tape.backward(loss);
            assertThat(loss.item()).isEqualTo(2 * 25 + 3 * 25 * 7);
            assertThat(results.get(1).item()).isEqualTo(25 * 7);
            assertThat(tape.gradient(x)).containsExactly(4 * 5 + 6 * 5 * 7);
            assertThat(tape.gradient(w)).containsExactly(3 * 25);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aResultThatTheLossDoesNotUseCostsNoBackwardPass(boolean recomputing) {
        List<String> ran = new ArrayList<>();
        try (Tape tape = tape(recomputing)) {
            Tensor x = tape.variable(new float[] {5}, 1);
            one(
                    tape,
                    "unused",
                    part -> {
                        ran.add("forward");
                        return Multiply.apply(part, x, x);
                    },
                    x);
            tape.backward(Multiply.apply(tape, x, x));
            assertThat(ran).containsExactly("forward");
            assertThat(tape.gradient(x)).containsExactly(10);
        }
    }

    @Test
    void theSameBitsWithDropoutAndSharedInputs() {
        List<float[]> kept = gradients(false);
        List<float[]> again = gradients(true);
        assertThat(kept.getFirst()).isNotEqualTo(new float[N]);
        for (int i = 0; i < kept.size(); i++) {
            assertThat(again.get(i)).isEqualTo(kept.get(i));
        }
    }

    private List<float[]> gradients(boolean recomputing) {
        try (Tape tape = tape(recomputing)) {
            Tensor x = tape.variable(Numbers.normal(1, N), 1, N);
            Tensor w = tape.variable(Numbers.normal(2, N), 1, N);
            Tensor y = x;
            for (int layer = 0; layer < 3; layer++) {
                Tensor in = y;
                int key = layer;
                y = one(
                        tape,
                        "layer " + layer,
                        part -> Add.apply(part, in, Multiply.apply(part, Dropout.apply(part, in, 0.3f, key), w)),
                        in,
                        w);
            }
            Tensor loss = CrossEntropy.apply(tape, y, tape.ints(3), 1);
            tape.backward(loss);
            return List.of(tape.gradient(x), tape.gradient(w), new float[] {loss.item()});
        }
    }

    /** The op after the block goes back first, and must not free what the block still needs. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatABlockReadsOutlivesLaterReaders(boolean recomputing) {
        try (Tape tape = tape(recomputing)) {
            Tensor x = tape.variable(new float[] {0.5f, 0.6f}, 1, 2);
            Tensor c = tape.constant(new float[] {0.2f, 0.3f}, 1, 2);
            Tensor y = one(tape, "layer", part -> Multiply.apply(part, Add.apply(part, x, c), c), x, c);
            tape.backward(CrossEntropy.apply(tape, Multiply.apply(tape, y, c), tape.ints(1), 1));
            assertThat(tape.gradient(x)).doesNotContain(0).doesNotContain(Float.NaN);
        }
    }

    @Test
    void anInferenceRunsItOnItself() {
        try (Tape tape = Tape.inference(device)) {
            Tensor x = tape.constant(new float[] {5}, 1);
            Tensor y = one(
                    tape,
                    "layer",
                    part -> {
                        assertThat(part).isSameAs(tape);
                        return Add.apply(part, x, x);
                    },
                    x);
            assertThat(y.item()).isEqualTo(10);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void onlyWhatWasMadeInItLeavesIt(boolean recomputing) {
        try (Tape tape = tape(recomputing)) {
            Tensor x = tape.variable(new float[] {5}, 1);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> one(tape, "layer 3", part -> x, x))
                    .withMessage("layer 3 returned a tensor that it did not make");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> one(tape, "layer 3", part -> part.takeOver(x, true), x))
                    .withMessage("only a tensor of this tape can be taken over");
        }
    }

    @Test
    void aBlockThatComesOutDifferentlyIsAnError() {
        int[] runs = {0};
        try (Tape tape = Tape.recomputing(device)) {
            Tensor x = tape.variable(new float[] {5}, 1);
            Tensor y = tape.checkpointed(
                            "layer 3",
                            part -> {
                                Tensor square = Multiply.apply(part, x, x);
                                return runs[0]++ == 0 ? List.of(square) : List.of(square, Add.apply(part, x, x));
                            },
                            x)
                    .getFirst();
            assertThatIllegalStateException()
                    .isThrownBy(() -> tape.backward(y))
                    .withMessage("layer 3 gave [[1]] at first and [[1], [1]] when it was recomputed;"
                            + " expected the same");
        }
    }

    /** What an op leases during its backward pass, outside a checkpointed block or in one within another, is gone when the op is through. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatABackwardPassMakesIsGivenBack(boolean recomputing) {
        int inUse = 3;
        for (int step = 0; step < 3; step++) {
            try (Tape tape = tape(recomputing)) {
                Tensor x = tape.variable(Numbers.normal(1, N), 1, N);
                List<Long> before = new ArrayList<>();
                Tensor y = makesTensorsGoingBack(tape, x, before);
                Tensor z =
                        one(tape, "outer", part -> one(part, "inner", p -> makesTensorsGoingBack(p, y, before), y), y);
                tape.backward(CrossEntropy.apply(tape, z, tape.ints(3), 1));
                assertThat(before).hasSize(2);
                assertThat(before.getLast()).isLessThanOrEqualTo(before.getFirst());
                // x, its gradient, and what is too small to free early
                assertThat(taped()).isBetween(2 * ONE, inUse * ONE);
            }
            assertThat(device.memoryUse().total()).isZero();
        }
    }

    private Tensor makesTensorsGoingBack(Tape tape, Tensor x, List<Long> before) {
        return tape.op("makes tensors")
                .differentiable(x)
                .forward(x.shape(), (v, y) -> tape.kernels().elementwise().scale(1, v.of(x), y))
                .backward((v, dy, d) -> {
                    before.add(taped());
                    for (int i = 0; i < 10; i++) {
                        tape.tensor(x.shape());
                        tape.constant(new float[N], N);
                    }
                    d.pass(x);
                });
    }

    @Test
    void whatABackwardPassWillReadIsNotTakenOver() {
        try (Tape tape = Tape.recording(device)) {
            Tensor p = Softmax.apply(tape, tape.variable(new float[] {1, 2}, 1, 2));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tape.takeOver(p, true))
                    .withMessage("a backward pass will read the tensor [1, 2] that was to be taken over");
        }
    }
}
