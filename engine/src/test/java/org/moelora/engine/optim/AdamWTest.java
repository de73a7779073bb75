package org.moelora.engine.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.moelora.engine.Parameter;
import org.moelora.engine.ParameterBlock;
import org.moelora.engine.testing.DeviceSweep;
import org.moelora.engine.testing.Numbers;
import org.moelora.kernels.Device;

class AdamWTest {
    private static ParameterBlock block(Device device, float[] a, float[] b) {
        ParameterBlock block = ParameterBlock.builder(device)
                .add("a", a.length)
                .add("b", b.length)
                .build();
        block.get("a").set(a);
        block.get("b").set(b);
        block.startTraining();
        return block;
    }

    private static void gradient(Parameter parameter, float... values) {
        parameter.device().write(values, parameter.gradient(), 0);
    }

    @TestFactory
    Stream<DynamicTest> equalsHandComputedSteps() {
        return DeviceSweep.each("AdamW", device -> {
            try (ParameterBlock block = block(device, new float[] {1, -2}, new float[] {3});
                    AdamW adamW = new AdamW(block, new AdamW.Config(0.9, 0.999, 1e-8, 0.5))) {
                gradient(block.get("a"), 1, -4);
                gradient(block.get("b"), 0);
                assertEquals(Math.sqrt(17), adamW.clip(0), 1e-6);
                adamW.step(0.1);
                // The first step is rate * sign(g), whatever the size of g, after a decay by 1 - 0.1 * 0.5.
                assertArrayEquals(
                        new float[] {0.95f - 0.1f, -1.9f + 0.1f}, block.get("a").toArray(), 1e-6f);
                assertArrayEquals(new float[] {2.85f}, block.get("b").toArray(), 1e-6f);

                gradient(block.get("a"), -1, -4);
                adamW.clip(0);
                adamW.step(0.1);
                // m = 0.9 * 0.1 - 0.1 = -0.01, m / (1 - 0.81) = -0.0526316; v = 0.001999, v / (1 - 0.998001) = 1:
                // 0.85 * 0.95 + 0.1 * 0.0526316 = 0.8127632. A steady gradient goes on by the rate.
                assertArrayEquals(
                        new float[] {0.8127632f, -1.71f + 0.1f}, block.get("a").toArray(), 1e-6f);
                assertThat(adamW.steps()).isEqualTo(2);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> clipsByTheNormOfAllParameters() {
        return DeviceSweep.each("clipping", device -> {
            try (ParameterBlock block = block(device, new float[1], new float[1]);
                    AdamW adamW = new AdamW(block, AdamW.Config.DEFAULT)) {
                gradient(block.get("a"), 3);
                gradient(block.get("b"), 4);
                assertEquals(5, adamW.clip(1), 1e-6);
                adamW.step(0.1);
                // Moments see the gradient scaled to (0.6, 0.8).
                assertEquals(0.06, adamW.moments()[0][0], 1e-7);
                assertEquals(0.08, adamW.moments()[0][16], 1e-7);
                assertEquals(0.00036, adamW.moments()[1][0], 1e-9);
                assertEquals(0.00064, adamW.moments()[1][16], 1e-9);
            }
            try (ParameterBlock block = block(device, new float[1], new float[1]);
                    AdamW adamW = new AdamW(block, AdamW.Config.DEFAULT)) {
                gradient(block.get("a"), 3);
                gradient(block.get("b"), 4);
                assertEquals(5, adamW.clip(5.5), 1e-6);
                adamW.step(0.1);
                assertEquals(0.3, adamW.moments()[0][0], 1e-7);
                gradient(block.get("b"), Float.NaN);
                assertThat(adamW.clip(1)).isNaN();
            }
        });
    }

    /** What lies between the ranges takes part in every pass and must never become anything but zero. */
    @TestFactory
    Stream<DynamicTest> leavesThePaddingAtZero() {
        return DeviceSweep.each("padding", device -> {
            try (ParameterBlock block = block(device, Numbers.normal(1, 17), Numbers.normal(2, 5));
                    AdamW adamW = new AdamW(block, new AdamW.Config(0.9, 0.999, 1e-8, 0.1))) {
                for (int step = 0; step < 3; step++) {
                    gradient(block.get("a"), Numbers.normal(3 + step, 17));
                    adamW.clip(1);
                    adamW.step(0.1);
                }
                float[] all = new float[48];
                device.read(block.values(), 0, all);
                for (int i = 0; i < all.length; i++) {
                    boolean padding = (i >= 17 && i < 32) || i >= 37;
                    assertThat(all[i] == 0).as("element %d", i).isEqualTo(padding);
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> goesOnFromItsMomentsWithTheSameBits() {
        return DeviceSweep.each("restored AdamW", device -> {
            try (ParameterBlock block = block(device, Numbers.normal(1, 33), Numbers.normal(2, 7));
                    AdamW adamW = new AdamW(block, AdamW.Config.DEFAULT)) {
                for (int step = 0; step < 3; step++) {
                    gradient(block.get("a"), Numbers.normal(3 + step, 33));
                    adamW.clip(1);
                    adamW.step(0.01);
                }
                try (ParameterBlock copy = block(
                                device, block.get("a").toArray(), block.get("b").toArray());
                        AdamW restored = new AdamW(copy, AdamW.Config.DEFAULT)) {
                    restored.restore(adamW.moments(), adamW.steps());
                    gradient(copy.get("a"), Numbers.normal(9, 33));
                    restored.clip(1);
                    restored.step(0.01);
                    gradient(block.get("a"), Numbers.normal(9, 33));
                    adamW.clip(1);
                    adamW.step(0.01);
                    assertArrayEquals(block.get("a").toArray(), copy.get("a").toArray());
                    assertArrayEquals(block.get("b").toArray(), copy.get("b").toArray());
                    assertThatIllegalArgumentException().isThrownBy(() -> restored.restore(new float[2][5], 1));
                }
            }
        });
    }

    @Test
    void refusesAStepThatNothingWasMeasuredFor() {
        DeviceSweep.on("cpu-plain", device -> {
            try (ParameterBlock block = block(device, new float[1], new float[1]);
                    AdamW adamW = new AdamW(block, AdamW.Config.DEFAULT)) {
                assertThatIllegalStateException().isThrownBy(() -> adamW.step(0.1));
                adamW.clip(0);
                adamW.step(0.1);
                assertThatIllegalStateException().isThrownBy(() -> adamW.step(0.1));
            }
        });
    }

    @Test
    void refusesSettingsOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AdamW.Config(1, 0.999, 1e-8, 0))
                .withMessageContaining("beta1 1.0");
        assertThatIllegalArgumentException().isThrownBy(() -> new AdamW.Config(0.9, Double.NaN, 1e-8, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new AdamW.Config(0.9, 0.999, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new AdamW.Config(0.9, 0.999, 1e-8, -1));
    }

    /** A parameter with a tenth of the rate and no decay, one that is frozen, and one that is as it always was. */
    @TestFactory
    Stream<DynamicTest> groupsHaveCoursesOfTheirOwn() {
        return DeviceSweep.each("AdamW, groups", device -> {
            try (ParameterBlock block = ParameterBlock.builder(device)
                    .add("a", 2)
                    .add("slow", 1)
                    .add("still", 1)
                    .add("b", 1)
                    .build()) {
                block.get("a").set(new float[] {1, -2});
                block.get("slow").set(new float[] {3});
                block.get("still").set(new float[] {4});
                block.get("b").set(new float[] {5});
                block.startTraining(parameter -> !parameter.name().equals("still"));
                assertThat(block.get("still").requiresGrad()).isFalse();
                try (AdamW adamW = new AdamW(
                        block,
                        new AdamW.Config(0.9, 0.999, 1e-8, 0.5),
                        parameter ->
                                parameter.name().equals("slow") ? new AdamW.Group(0.1, false) : AdamW.Group.DEFAULT)) {
                    gradient(block.get("a"), 1, -4);
                    gradient(block.get("slow"), 7);
                    gradient(block.get("b"), -2);
                    adamW.clip(0);
                    adamW.step(0.1);
                    assertArrayEquals(new float[] {0.85f, -1.8f}, block.get("a").toArray(), 1e-6f);
                    assertArrayEquals(new float[] {2.99f}, block.get("slow").toArray(), 1e-6f);
                    assertArrayEquals(new float[] {4}, block.get("still").toArray());
                    assertArrayEquals(new float[] {4.75f + 0.1f}, block.get("b").toArray(), 1e-6f);
                }
                block.stopTraining();
                assertThat(block.get("still").isFrozen()).isFalse();
            }
        });
    }
}
