package org.moelora.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.moelora.engine.ops.LayerNorm;
import org.moelora.engine.ops.TopK;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Elementwise;

/** What an op does not declare cannot be forgotten: it is an error that names the op and the tensor. */
class OpTest {
    private Device device;
    private Tape tape;
    private Elementwise kernels;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-plain", new DeviceOptions(1, true));
        tape = Tape.recording(device);
        kernels = device.kernels().elementwise();
    }

    @AfterEach
    void nothingIsLeft() {
        tape.close();
        long left = device.memoryUse().total();
        device.close();
        assertThat(left).isZero();
    }

    private Tensor x() {
        return tape.variable(new float[] {3}, 1);
    }

    /** {@code y = x}, as far as the forward pass. */
    private Op copy(String name, Tensor x) {
        return tape.op(name).differentiable(x).forward(x.shape(), (v, y) -> kernels.scale(1, v.of(x), y));
    }

    @Test
    void aMissingDerivativeNamesTheOpAndTheInput() {
        Tensor x = tape.constant(new float[] {1, 2}, 1, 2);
        Tensor w = tape.constant(new float[] {1, 2}, 2);
        Tensor b = tape.variable(new float[] {1, 2}, 2);
        assertThatIllegalStateException()
                .isThrownBy(() -> LayerNorm.apply(tape, x, w, b, 1e-5f))
                .withMessage(
                        "layer norm has no derivative in its bias, but a gradient has to pass through the tensor [2]");
    }

    @Test
    void anInputThatIsNotDeclaredCannotBeRead() {
        Tensor x = x();
        Tensor other = x();
        Op op = tape.op("product")
                .differentiable(x)
                .forward(x.shape(), (v, y) -> kernels.multiply(v.of(x), v.of(other), y));
        assertThatIllegalStateException()
                .isThrownBy(() -> op.backward((v, dy, d) -> {}))
                .withMessage("product reads the tensor [1], which it does not declare");
    }

    @Test
    void aParameterIsNamed() {
        try (ParameterBlock block =
                ParameterBlock.builder(device).add("lora_A", 1).build()) {
            Op op = tape.op("copy").forward(Shape.of(1), (v, y) -> kernels.scale(1, v.of(block.get("lora_A")), y));
            assertThatIllegalStateException()
                    .isThrownBy(op::withoutBackward)
                    .withMessage("copy reads lora_A [1], which it does not declare");
        }
    }

    @Test
    void aBackwardPassReadsWhatItDeclares() {
        Tensor x = x();
        Tensor y = copy("square", x).backward((v, dy, d) -> kernels.multiply(v.of(x), dy, d.of(x)));
        assertThatIllegalStateException()
                .isThrownBy(() -> tape.backward(y))
                .withMessage("square reads the tensor [1] in its backward pass, which it does not declare");
    }

    @Test
    void aBackwardPassReadsItsResultIfItSaysSo() {
        Tensor x = x();
        Tensor y = copy("exp", x).backward((v, dy, d) -> kernels.multiply(v.output(), dy, d.of(x)));
        assertThatIllegalStateException()
                .isThrownBy(() -> tape.backward(y))
                .withMessage("exp reads its result in its backward pass, which it does not declare");
    }

    @Test
    void aGradientThatIsNotGivenIsAnError() {
        Tensor a = x();
        Tensor b = x();
        Tensor y = tape.op("sum")
                .differentiable(a, b)
                .forward(Shape.of(1), (v, sum) -> kernels.add(v.of(a), v.of(b), sum))
                .backward((v, dy, d) -> d.pass(a));
        assertThatIllegalStateException()
                .isThrownBy(() -> tape.backward(y))
                .withMessage(
                        "sum declares a derivative in its input 1, the tensor [1], and its backward pass gave none");
    }

    @Test
    void aTensorThatIsTwoInputsIsGivenTwoGradients() {
        Tensor x = x();
        Tensor y = tape.op("sum")
                .differentiable(x, x)
                .forward(Shape.of(1), (v, sum) -> kernels.add(v.of(x), v.of(x), sum))
                .backward((v, dy, d) -> d.pass(x));
        assertThatIllegalStateException().isThrownBy(() -> tape.backward(y)).withMessageContaining("input 1");
    }

    @Test
    void aGradientOfSomethingElseIsAnError() {
        Tensor x = x();
        Tensor other = x();
        Tensor y = copy("copy", x).backward((v, dy, d) -> d.pass(other));
        assertThatIllegalStateException()
                .isThrownBy(() -> tape.backward(y))
                .withMessage("copy gives a gradient for the tensor [1], which it does not declare differentiable");
    }

    @Test
    void anOpWithDifferentiableInputsHasABackwardPass() {
        Op op = copy("copy", x());
        assertThatIllegalStateException()
                .isThrownBy(op::withoutBackward)
                .withMessage("copy has differentiable inputs and no backward pass");
    }

    @Test
    void aDetachedInputEndsTheGradient() {
        Tensor p = tape.constant(new float[] {0.5f, 0.25f, 0.25f}, 1, 3);
        Tensor bias = tape.variable(new float[] {0, 0, 1}, 3);
        TopK chosen = TopK.apply(tape, p, bias, 1, false);
        assertThat(chosen.gate().toArray()).containsExactly(0, 0, 0.25f);
        assertThat(chosen.gate().requiresGrad()).isFalse();
    }

    @Test
    void whatIsReplacedIsOneInput() {
        Tensor x = x();
        Op op = tape.op("double").differentiable(x, x).forwardOver(x, (v, y) -> kernels.add(y, y, y));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> op.backward((v, dy, d) -> d.pass(x)))
                .withMessage("double replaces the tensor [1], which has to be one of its inputs, once");
    }
}
