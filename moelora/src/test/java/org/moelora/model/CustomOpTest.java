package org.moelora.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.engine.CustomOp;
import org.moelora.engine.GradientCheck;
import org.moelora.engine.Shape;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.WeightedSum;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.DeviceProvider;
import org.moelora.kernels.Devices;

/** Ops that an embedder writes in one file, on every device that there is. */
class CustomOpTest {
    private static final DeviceOptions POISONED = new DeviceOptions(2, true);

    static Stream<String> devices() {
        return Devices.find().stream().filter(DeviceProvider.Found::usable).map(DeviceProvider.Found::name);
    }

    /** {@code y_i = max(x_i, 0)^2}, {@code dx_i = 2 max(x_i, 0) dy_i}. */
    private static Tensor squaredRelu(Tape tape, Tensor x) {
        return tape.custom(
                "squared relu",
                List.of(x),
                x.shape(),
                (in, y) -> {
                    for (int i = 0; i < y.length; i++) {
                        float above = Math.max(in[0][i], 0);
                        y[i] = above * above;
                    }
                },
                (in, dy, dx) -> {
                    for (int i = 0; i < dy.length; i++) {
                        dx[0][i] = 2 * Math.max(in[0][i], 0) * dy[i];
                    }
                });
    }

    /** {@code y_t = <a_t, b_t>} for a and b [T, n]. */
    private static Tensor rowDots(Tape tape, Tensor a, Tensor b) {
        int n = a.shape().cols();
        return tape.custom(
                "row dots",
                List.of(a, b),
                Shape.of(a.shape().rows()),
                (in, y) -> {
                    for (int i = 0; i < in[0].length; i++) {
                        y[i / n] += in[0][i] * in[1][i];
                    }
                },
                (in, dy, dx) -> {
                    for (int i = 0; i < in[0].length; i++) {
                        dx[0][i] = dy[i / n] * in[1][i];
                        dx[1][i] = dy[i / n] * in[0][i];
                    }
                });
    }

    private static double[] rowDots(double[] a, double[] b, int n) {
        double[] y = new double[a.length / n];
        for (int i = 0; i < a.length; i++) {
            y[i / n] += a[i] * b[i];
        }
        return y;
    }

    private static float[] values(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) Math.sin(1 + 3 * i);
        }
        return values;
    }

    /** Alone and in checkpointed blocks that are kept or recomputed, onto gradients that stand there already, and with each input trainable alone. */
    @ParameterizedTest
    @MethodSource("devices")
    void gradientsAreThoseOfTheFormula(String name) {
        try (Device device = Devices.open(name, POISONED)) {
            GradientCheck.of("squared relu")
                    .variable(values(65), 5, 13)
                    .on(device, (tape, in) -> squaredRelu(tape, in[0]), x -> {
                        double[] y = new double[x[0].length];
                        for (int i = 0; i < y.length; i++) {
                            y[i] = Math.pow(Math.max(x[0][i], 0), 2);
                        }
                        return y;
                    })
                    .require(1e-6, 1e-6);
            GradientCheck.of("row dots")
                    .variable(5, 13)
                    .parameter(5, 13)
                    .on(device, (tape, in) -> rowDots(tape, in[0], in[1]), x -> rowDots(x[0], x[1], 13))
                    .require(1e-6, 1e-6);
            GradientCheck.of("row dots of one tensor")
                    .variable(5, 13)
                    .on(device, (tape, in) -> rowDots(tape, in[0], in[0]), x -> rowDots(x[0], x[0], 13))
                    .require(1e-6, 1e-6);
            assertThat(device.memoryUse().total()).isZero();
        }
    }

    @Test
    void recomputingChangesNoBit() {
        float[] kept = gradient(Tape.recording(device()));
        assertThat(kept).isNotEqualTo(new float[21]);
        assertThat(gradient(Tape.recomputing(device()))).isEqualTo(kept);
    }

    private static Device device() {
        return Devices.open("cpu-plain", POISONED);
    }

    private static float[] gradient(Tape open) {
        try (Device device = open.device();
                Tape tape = open) {
            Tensor x = tape.variable(values(21), 3, 7);
            List<Tensor> rows = tape.checkpointed(
                    "layer",
                    part -> List.of(rowDots(part, squaredRelu(part, x), x), squaredRelu(part, rowDots(part, x, x))),
                    x);
            Tensor y = WeightedSum.apply(tape, rows.toArray(Tensor[]::new), new float[] {1, -0.5f});
            Tensor loss = tape.custom(
                    "sum",
                    List.of(y),
                    Shape.of(1),
                    (in, sum) -> {
                        for (float v : in[0]) {
                            sum[0] += v;
                        }
                    },
                    (in, dy, dx) -> Arrays.fill(dx[0], dy[0]));
            tape.backward(loss);
            return tape.gradient(x);
        }
    }

    @Test
    void anInferenceRunsTheForwardPassAlone() {
        try (Device device = device();
                Tape tape = Tape.inference(device)) {
            Tensor y = squaredRelu(tape, tape.constant(new float[] {-1, 0, 3}, 3));
            assertThat(y.toArray()).containsExactly(0, 0, 9);
        }
    }

    @Test
    void mistakesNameTheOp() {
        try (Device device = device();
                Tape tape = Tape.recording(device)) {
            Tensor ids = tape.ints(1, 2);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tape.custom("mine", List.of(ids), ids.shape(), (x, y) -> {}, (x, dy, dx) -> {}))
                    .withMessage("mine has an input of I32 [2]; expected F32");
            Tensor x = tape.variable(new float[] {1}, 1);
            CustomOp.Backward replaces = (in, dy, dx) -> dx[0] = new float[3];
            Tensor y = tape.custom("mine", List.of(x), x.shape(), (in, out) -> out[0] = in[0][0], replaces);
            assertThatIllegalStateException()
                    .isThrownBy(() -> tape.backward(y))
                    .withMessage("mine put an array of 3 in the place of dx[0]; expected 1");
        }
    }

    @Test
    void itIsLoggedOnceThatItIsSlow() {
        List<String> logged = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                if (line.getLevel().equals(Level.WARNING)) {
                    logged.add(new SimpleFormatter().formatMessage(line));
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(CustomOp.class.getName());
        logger.addHandler(handler);
        try (Device device = device();
                Tape tape = Tape.inference(device)) {
            Tensor x = tape.constant(new float[] {1}, 1);
            for (int i = 0; i < 3; i++) {
                tape.custom(
                        "negated once",
                        List.of(x),
                        x.shape(),
                        (in, y) -> y[0] = -in[0][0],
                        (in, dy, dx) -> dx[0][0] = -dy[0]);
            }
        } finally {
            logger.removeHandler(handler);
        }
        assertThat(logged)
                .containsExactly("the op \"negated once\" is slow: it computes in Java on arrays of the host, which are"
                        + " copied from and to the device at each call");
    }
}
