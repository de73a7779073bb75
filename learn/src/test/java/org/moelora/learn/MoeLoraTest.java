package org.moelora.learn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.Tape;
import org.moelora.engine.Tensor;
import org.moelora.engine.ops.BalanceLoss;
import org.moelora.engine.ops.ContrastiveLoss;
import org.moelora.engine.ops.CrossEntropy;
import org.moelora.engine.ops.GatedUpdate;
import org.moelora.engine.ops.Linear;
import org.moelora.engine.ops.Softmax;
import org.moelora.engine.ops.TopK;
import org.moelora.engine.ops.WeightedSum;
import org.moelora.engine.optim.AdamW;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;

/** The file that a student reads computes what the engine computes. */
class MoeLoraTest {
    private static final int STEPS = 15;
    private static final double RATE = 0.02;

    /** Of a loss or a gradient's norm, at the same parameters: float32 carries 7 digits, and some are lost in cancellation. */
    private static final double SAME_POINT = 1e-5;

    /** Of a parameter's norm after all steps, each from where the one before ended: AdamW divides rounding by rounding where gradients vanish. */
    private static final double AFTER_ALL_STEPS = 1e-3;

    /** Both begin with the same values and take their own steps. */
    @Test
    void engineGivesTheSameNumbersStepByStep() {
        MoeLora learner = toy(3);
        double[][] x = MoeLora.tokens();
        try (Device device = Devices.open("cpu-plain", new DeviceOptions(1, true));
                Engine engine = new Engine(device, learner)) {
            for (int step = 0; step < STEPS; step++) {
                learner.forwardAndBackward(x, MoeLora.answers());
                engine.step(x, MoeLora.answers(), false);
                double tolerance = SAME_POINT + (AFTER_ALL_STEPS - SAME_POINT) * step / STEPS;
                engine.compare("step " + step, learner, tolerance);
                learner.update(RATE);
                engine.update();
            }
            engine.compareParameters(learner, AFTER_ALL_STEPS);
        }
    }

    /** The engine is put where the learner is, so that nothing adds up: every number of a step. */
    @Test
    void engineGivesTheSameStepFromTheSamePoint() {
        MoeLora learner = toy(7);
        double[][] x = MoeLora.tokens();
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(1, true));
                Engine engine = new Engine(device, learner)) {
            for (int step = 0; step < STEPS; step++) {
                engine.put(learner);
                learner.forwardAndBackward(x, MoeLora.answers());
                engine.step(x, MoeLora.answers(), true);
                engine.compare("step " + step, learner, SAME_POINT);
                learner.update(RATE);
            }
        }
    }

    /** The backward pass against differences of the forward pass, where no choice is near to a tie. */
    @Test
    void gradientsAreThoseOfFiniteDifferences() {
        MoeLora learner = toy(11);
        double[][] x = MoeLora.tokens();
        for (int step = 0; step < 20; step++) {
            learner.forwardAndBackward(x, MoeLora.answers());
            learner.update(RATE);
        }
        learner.forwardAndBackward(x, MoeLora.answers());
        double[][][] values = {learner.a, learner.b, learner.wg, x};
        double[][][] gradients = {learner.da, learner.db, learner.dwg, learner.dx};
        for (int i = 0; i < values.length; i++) {
            double[][] expected = gradients[i];
            double[][] differences = FiniteDifferences.of(values[i], () -> {
                learner.forwardAndBackward(x, MoeLora.answers());
                return learner.loss;
            });
            assertThat(FiniteDifferences.distance(differences, expected))
                    .as("gradient " + i)
                    .isLessThan(1e-6);
        }
    }

    /** What the file is there to show. */
    @Test
    void mixtureLearnsWhatNoSingleLoraCan() {
        MoeLora mixture = toy(5);
        MoeLora lora = new MoeLora(MoeLora.copying(), 1, 1, 8, 16, new Random(5));
        for (int step = 0; step <= 400; step++) {
            for (MoeLora model : List.of(mixture, lora)) {
                model.forwardAndBackward(MoeLora.tokens(), MoeLora.answers());
                model.update(RATE);
            }
        }
        assertThat(mixture.right(MoeLora.answers())).isEqualTo(16);
        assertThat(mixture.lm).isLessThan(0.02);
        assertThat(lora.right(MoeLora.answers())).isBetween(8, 12);
        assertThat(lora.lm).isGreaterThan(0.5);
    }

    private static MoeLora toy(long seed) {
        return new MoeLora(MoeLora.copying(), 4, 2, 2, 4, new Random(seed));
    }

    /** The layer, its losses and its optimizer, made of the engine's ops. */
    private static final class Engine implements AutoCloseable {
        private final Device device;
        private final int experts;
        private final int k;
        private final float s;
        private final ParameterBlock block;
        private final AdamW adamW;
        private float[] numbers = {};
        private float[] y = {};
        private float[] p = {};
        private float[] gate = {};
        private float[] dx = {};

        Engine(Device device, MoeLora learner) {
            this.device = device;
            experts = learner.experts;
            k = learner.k;
            s = (float) learner.s;
            ParameterBlock.Builder builder = ParameterBlock.builder(device);
            builder.add("w0", learner.w0.length, learner.w0[0].length);
            builder.add("a", learner.a.length, learner.a[0].length);
            builder.add("b", learner.b.length, learner.b[0].length);
            builder.add("wg", learner.wg.length, learner.wg[0].length);
            block = builder.build();
            block.startTraining(parameter -> !parameter.name().equals("w0"));
            put(learner);
            adamW = new AdamW(
                    block,
                    new AdamW.Config(0.9, 0.999, 1e-8, MoeLora.DECAY),
                    parameter -> new AdamW.Group(1, !parameter.name().equals("wg")));
        }

        void put(MoeLora learner) {
            block.get("w0").set(Floats.of(learner.w0));
            block.get("a").set(Floats.of(learner.a));
            block.get("b").set(Floats.of(learner.b));
            block.get("wg").set(Floats.of(learner.wg));
        }

        void step(double[][] tokens, int[] targets, boolean withInput) {
            block.clearGradients();
            try (Tape tape = Tape.recording(device)) {
                float[] values = Floats.of(tokens);
                Tensor x = withInput
                        ? tape.variable(values, tokens.length, tokens[0].length)
                        : tape.constant(values, tokens.length, tokens[0].length);
                Tensor u = Linear.apply(tape, x, block.get("a"), null);
                Tensor probabilities = Softmax.apply(tape, Linear.apply(tape, x, block.get("wg"), null));
                TopK chosen = TopK.apply(tape, probabilities, k, true);
                Tensor sum = GatedUpdate.apply(
                        tape, Linear.apply(tape, x, block.get("w0"), null), u, chosen.gate(), block.get("b"), s);
                Tensor lm = CrossEntropy.apply(tape, sum, tape.ints(targets), 1f / tokens.length);
                Tensor balance = BalanceLoss.apply(tape, probabilities, chosen.selected());
                Tensor contrast = ContrastiveLoss.apply(
                        tape, u, block.get("b"), chosen.selected(), experts, (float) MoeLora.TAU, null);
                Tensor loss = WeightedSum.apply(tape, new Tensor[] {lm, balance, contrast}, new float[] {
                    1, (float) MoeLora.BALANCE, (float) MoeLora.CONTRAST
                });
                numbers = new float[] {lm.item(), balance.item(), contrast.item(), loss.item()};
                y = sum.toArray();
                p = probabilities.toArray();
                gate = chosen.gate().toArray();
                tape.backward(loss);
                dx = withInput ? tape.gradient(x) : new float[0];
            }
        }

        void update() {
            adamW.clip(0);
            adamW.step(RATE);
        }

        void compare(String when, MoeLora learner, double tolerance) {
            double[][] losses = {{learner.lm, learner.balance, learner.contrast, learner.loss}};
            Floats.same(when + ", losses", numbers, losses, tolerance);
            Floats.same(when + ", y", y, learner.y, tolerance);
            Floats.same(when + ", p", p, learner.p, tolerance);
            Floats.same(when + ", g", gate, learner.g, tolerance);
            Floats.same(when + ", dA", block.get("a").gradientArray(), learner.da, tolerance);
            Floats.same(when + ", dB", block.get("b").gradientArray(), learner.db, tolerance);
            Floats.same(when + ", dW_g", block.get("wg").gradientArray(), learner.dwg, tolerance);
            if (dx.length > 0) {
                Floats.same(when + ", dx", dx, learner.dx, tolerance);
            }
        }

        void compareParameters(MoeLora learner, double tolerance) {
            Floats.same("A", values("a"), learner.a, tolerance);
            Floats.same("B", values("b"), learner.b, tolerance);
            Floats.same("W_g", values("wg"), learner.wg, tolerance);
        }

        private float[] values(String name) {
            return block.get(name).toArray();
        }

        @Override
        public void close() {
            adamW.close();
            block.close();
        }
    }
}
