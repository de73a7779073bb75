package org.moelora.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.moelora.engine.ops.Add;
import org.moelora.engine.ops.CrossEntropy;
import org.moelora.engine.ops.GatedUpdate;
import org.moelora.engine.ops.Heads;
import org.moelora.engine.ops.KeyValueCache;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Multiply;
import org.moelora.engine.ops.WeightedSum;
import org.moelora.engine.testing.Numbers;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Owner;

class TapeTest {
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

    @Test
    void gradientsOfATensorThatIsUsedTwiceAddUp() {
        try (Tape tape = Tape.recording(device)) {
            Tensor x = tape.variable(new float[] {5}, 1);
            Tensor y = tape.variable(new float[] {7}, 1);
            // L = 2 x y + 3 x^2
            Tensor[] terms = {Multiply.apply(tape, x, y), Multiply.apply(tape, x, x)};
            Tensor loss = WeightedSum.apply(tape, terms, new float[] {2, 3});
            tape.backward(loss);
            assertThat(loss.item()).isEqualTo(145);
            assertThat(tape.gradient(x)).containsExactly(2 * 7 + 6 * 5);
            assertThat(tape.gradient(y)).containsExactly(2 * 5);
        }
    }

    @Test
    void parametersAddGradientsUpOverTapes() {
        try (ParameterBlock block =
                ParameterBlock.builder(device).add("w", 1, 1).build()) {
            block.get("w").set(new float[] {3});
            block.startTraining();
            for (float x : new float[] {5, 11}) {
                try (Tape tape = Tape.recording(device)) {
                    tape.backward(Linear.apply(tape, tape.constant(new float[] {x}, 1, 1), block.get("w"), null));
                }
            }
            assertThat(block.get("w").gradientArray()).containsExactly(16);
            block.clearGradients();
            assertThat(block.get("w").gradientArray()).containsExactly(0);
        }
    }

    @Test
    void parametersOutOfTrainingGetNoGradient() {
        try (ParameterBlock block =
                        ParameterBlock.builder(device).add("w", 1, 1).build();
                Tape tape = Tape.recording(device)) {
            Tensor y = Linear.apply(tape, tape.constant(new float[] {2}, 1, 1), block.get("w"), null);
            assertThat(y.requiresGrad()).isFalse();
            assertThatIllegalStateException()
                    .isThrownBy(() -> tape.backward(y))
                    .withMessage("the loss does not depend on anything trainable");
        }
    }

    @Test
    void backwardRunsInReverseAndSkipsWhatTheLossDoesNotUse() {
        List<String> ran = new ArrayList<>();
        try (Tape tape = Tape.recording(device)) {
            Tensor x = tape.variable(new float[] {1}, 1);
            Tensor first = copy(tape, "first", x, ran);
            copy(tape, "unused", first, ran);
            Tensor last = copy(tape, "last", first, ran);
            tape.backward(last);
            assertThat(ran).containsExactly("last", "first");
            assertThat(tape.gradient(x)).containsExactly(1);
        }
    }

    private static Tensor copy(Tape tape, String op, Tensor x, List<String> ran) {
        return tape.op(op)
                .differentiable(x)
                .forward(x.shape(), (v, y) -> tape.kernels().elementwise().scale(1, v.of(x), y))
                .backward((v, dy, d) -> {
                    ran.add(op);
                    d.pass(x);
                });
    }

    @Test
    void aVariableThatTheLossDoesNotReachHasZeroGradient() {
        try (Tape tape = Tape.recording(device)) {
            Tensor x = tape.variable(new float[] {1, 2}, 2);
            Tensor y = tape.variable(new float[] {3}, 1);
            tape.backward(Multiply.apply(tape, y, y));
            assertThat(tape.gradient(x)).containsExactly(0, 0);
        }
    }

    @Test
    void backwardIsAskedForOnceAndFromAScalarThatLearns() {
        try (Tape tape = Tape.recording(device);
                Tape inference = Tape.inference(device)) {
            Tensor x = tape.variable(new float[] {1, 2}, 2);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tape.backward(x))
                    .withMessage("a backward pass starts at a scalar, not at [2]");
            Tensor scalar = inference.variable(new float[] {1}, 1);
            assertThatIllegalStateException().isThrownBy(() -> inference.backward(scalar));

            Tensor y = tape.variable(new float[] {3}, 1);
            Tensor loss = Multiply.apply(tape, y, y);
            tape.backward(loss);
            assertThatIllegalStateException()
                    .isThrownBy(() -> tape.backward(loss))
                    .withMessageContaining("a tape goes back once");
        }
    }

    /** Callers handle a cancellation, a full device or a mistake in the input by its type. */
    @Test
    void whatABackwardPassThrowsComesThroughAndNamesItsOp() {
        for (Throwable thrown : new Throwable[] {
            new IllegalArgumentException("no room"), new InputException("a row"), new OutOfMemoryError("no heap")
        }) {
            try (Tape tape = Tape.recomputing(device)) {
                Tensor x = tape.variable(new float[] {1}, 1);
                Tensor y = tape.checkpointed(
                                "layer 3",
                                part -> List.of(part.op("thing")
                                        .differentiable(x)
                                        .forward(Shape.of(1), (v, z) -> {})
                                        .backward((v, dz, d) -> {
                                            switch (thrown) {
                                                case RuntimeException e -> throw e;
                                                default -> throw (Error) thrown;
                                            }
                                        })),
                                x)
                        .getFirst();
                assertThatThrownBy(() -> tape.backward(y)).isSameAs(thrown);
                assertThat(thrown.getSuppressed())
                        .extracting(Throwable::getMessage)
                        .containsExactly("in the backward pass of thing", "in the backward pass of layer 3");
            }
        }
    }

    /** Also in keys and values, which go to the cache: a gradient would end there without a word. */
    @Test
    void attentionOnACacheHasNoDerivative() {
        Heads heads = new Heads(1, 1, 2, 1, Heads.UNLIMITED);
        try (Tape tape = Tape.recording(device);
                KeyValueCache cache = new KeyValueCache(device, 1, 1, 4, 4, 2)) {
            cache.advance(new int[] {1});
            Tensor x = tape.variable(new float[2], 1, 2);
            Tensor c = tape.constant(new float[2], 1, 2);
            assertThatIllegalStateException()
                    .isThrownBy(() -> cache.attend(tape, 0, heads, x, c, c))
                    .withMessage("attention on a cache has no derivative in its queries, but a gradient has to pass"
                            + " through the tensor [1, 2]");
            assertThatIllegalStateException()
                    .isThrownBy(() -> cache.attend(tape, 0, heads, c, x, c))
                    .withMessageContaining("has no derivative in its keys");
        }
    }

    @Test
    void aTensorThatWasTakenOverIsGone() {
        try (Tape tape = Tape.inference(device);
                Tape other = Tape.inference(device)) {
            Tensor y0 = tape.constant(new float[] {1, 2}, 1, 2);
            Tensor u = tape.constant(new float[] {1}, 1, 1);
            Tensor b = tape.constant(new float[] {10, 20}, 2, 1);
            long before = taped();
            Tensor y = GatedUpdate.apply(tape, y0, u, null, b, 1);
            assertThat(y.toArray()).containsExactly(11, 22);
            assertThat(taped()).isEqualTo(before);
            assertThatIllegalStateException().isThrownBy(y0::memory).withMessageContaining("was freed");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tape.takeOver(other.constant(new float[1], 1), false));
        }
    }

    @Test
    void aClosedTapeGivesEverythingBack() {
        Tensor y;
        try (Tape tape = Tape.inference(device)) {
            Tensor x = tape.constant(new float[100], 100);
            y = Add.apply(tape, x, x);
            assertThat(taped()).isPositive();
        }
        assertThat(taped()).isZero();
        assertThatIllegalStateException().isThrownBy(y::toArray);
    }

    @Test
    void anInferenceGivesBackBetweenLayersWhatIsNotKept() {
        try (Tape tape = Tape.inference(device)) {
            Tensor x = tape.constant(new float[] {1, 2}, 2);
            long one = taped();
            Tensor y = Add.apply(tape, x, x);
            Tensor z = Add.apply(tape, y, y);
            tape.freeExcept(z);
            assertThat(taped()).isEqualTo(one);
            assertThat(z.toArray()).containsExactly(4, 8);
            assertThatIllegalStateException().isThrownBy(() -> Add.apply(tape, x, z));
            assertThatIllegalStateException().isThrownBy(y::memory);
        }
        try (Tape tape = Tape.recording(device)) {
            assertThatIllegalStateException().isThrownBy(tape::freeExcept);
        }
    }

    /** Of a chain of layers that the forward pass holds, the backward pass keeps none, and never needs a second chain. */
    @Test
    void backwardGivesBackWhatItPasses() {
        int n = 1024;
        int layers = 20;
        try (Tape tape = Tape.recording(device)) {
            Tensor x = tape.variable(Numbers.normal(1, n), 1, n);
            long one = taped();
            Tensor c = tape.constant(Numbers.normal(2, n), 1, n);
            Tensor y = x;
            for (int i = 0; i < layers; i++) {
                y = Multiply.apply(tape, y, c);
            }
            Tensor loss = CrossEntropy.apply(tape, y, tape.ints(3), 1);
            long forward = taped();
            assertThat(forward).isGreaterThan(layers * one);

            device.resetPeak();
            tape.backward(loss);

            assertThat(device.memoryUse().peak() - forward).isLessThanOrEqualTo(2 * one + 64);
            // x and its gradient; the rest are scalars.
            assertThat(taped()).isBetween(2 * one, 3 * one - 1);
            assertThat(tape.gradient(x)).hasSize(n);
            assertThat(loss.item()).isPositive();
        }
    }
}
