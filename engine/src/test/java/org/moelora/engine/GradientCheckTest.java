package org.moelora.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.moelora.engine.GradientCheck.Report;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.kernels.Elementwise;
import org.moelora.kernels.Sink;

/** The check itself: it has to see ops that are wrong. */
class GradientCheckTest {
    /** {@code y = 3 x} with a backward pass that multiplies by {@code factor}, adding or not. */
    private static GradientCheck.Op tripled(float factor, boolean mayAdd) {
        return (tape, in) -> {
            Elementwise kernels = tape.kernels().elementwise();
            return tape.op("tripled")
                    .differentiable(in[0])
                    .forward(in[0].shape(), (v, y) -> kernels.scale(3, v.of(in[0]), y))
                    .backward((v, dy, d) -> {
                        Sink dx = d.of(in[0]);
                        kernels.scale(factor, dy, mayAdd ? dx : dx.memory());
                    });
        };
    }

    private static double[] triple(double[][] x) {
        double[] y = x[0].clone();
        for (int i = 0; i < y.length; i++) {
            y[i] *= 3;
        }
        return y;
    }

    private static void check(GradientCheck.Op op, GradientCheck.Formula formula, Consumer<Report> then) {
        DeviceSweep.on(
                "cpu-plain",
                device -> then.accept(GradientCheck.of("tripled").variable(3, 5).on(device, op, formula)));
    }

    @Test
    void acceptsARightOp() {
        check(tripled(3, true), GradientCheckTest::triple, report -> {
            assertThat(report.forward()).isLessThan(1e-7);
            assertThat(report.gradients()).hasSize(1).allMatch(error -> error < 1e-7);
        });
    }

    @Test
    void seesAWrongFactor() {
        check(
                tripled(3.003f, true),
                GradientCheckTest::triple,
                report -> assertThatThrownBy(() -> report.require(1e-6, 1e-4))
                        .isInstanceOf(AssertionError.class)
                        .hasMessageStartingWith("tripled on cpu-plain: gradient of input 0 is off by "));
    }

    @Test
    void seesAGradientThatOverwritesAnother() {
        check(
                tripled(3, false),
                GradientCheckTest::triple,
                report -> assertThat(report.gradients().getFirst()).isGreaterThan(0.1));
    }

    @Test
    void seesAWrongValue() {
        check(
                tripled(3, true),
                x -> new double[15],
                report -> assertThatThrownBy(() -> report.require(1e-6, 1e-6))
                        .isInstanceOf(AssertionError.class)
                        .hasMessageContaining("output is off"));
    }

    @Test
    void seesAnElementThatIsNeverWritten() {
        GradientCheck.Op lazy = (tape, in) -> tape.op("lazy")
                .differentiable(in[0])
                .forward(
                        in[0].shape(),
                        (v, y) -> tape.kernels()
                                .elementwise()
                                .scale(3, v.of(in[0]).slice(0, 14), y.slice(0, 14)))
                .backward((v, dy, d) -> d.pass(in[0]));
        check(
                lazy,
                GradientCheckTest::triple,
                report -> assertThat(report.forward()).isNaN());
    }

    @Test
    void seesAGradientThatEndsInTheOp() {
        GradientCheck.Op detached = (tape, in) -> tape.op("detached")
                .detached(in[0])
                .forward(in[0].shape(), (v, y) -> tape.kernels().elementwise().scale(3, v.of(in[0]), y))
                .withoutBackward();
        check(
                detached,
                GradientCheckTest::triple,
                report -> assertThat(report.gradients().getFirst()).isGreaterThan(0.9));
    }
}
