package org.moelora.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.kernels.Owner;

class ParameterBlockTest {
    private Device device;
    private ParameterBlock block;

    @BeforeEach
    void open() {
        device = Devices.open("cpu-plain", new DeviceOptions(1, true));
        block = ParameterBlock.builder(device)
                .add("gate", 3, 5)
                .add("a", 16)
                .add("b", 17, 1)
                .add("c", 1)
                .build();
    }

    @AfterEach
    void close() {
        block.close();
        long left = device.memoryUse().total();
        device.close();
        assertThat(left).isZero();
    }

    @Test
    void rangesStartAtCacheLinesInOrder() {
        assertThat(block.parameters().stream().map(Parameter::name)).containsExactly("gate", "a", "b", "c");
        assertThat(block.parameters().stream().map(Parameter::from)).containsExactly(0L, 16L, 32L, 64L);
        assertThat(block.values().length()).isEqualTo(80);
        assertThat(block.count()).isEqualTo(15 + 16 + 17 + 1);
        assertThat(block.get("gate").shape()).isEqualTo(Shape.of(3, 5));
    }

    @Test
    void startsAtZeroAndIsOneSpan() {
        float[] all = new float[80];
        device.read(block.values(), 0, all);
        assertThat(all).containsOnly(0);
        block.get("c").set(new float[] {7});
        block.get("a").set(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
        device.read(block.values(), 0, all);
        assertThat(all[64]).isEqualTo(7);
        assertThat(all[16]).isEqualTo(1);
        assertThat(all[31]).isEqualTo(16);
        assertThat(all[15]).isZero();
        assertThat(block.get("c").toArray()).containsExactly(7);
    }

    @Test
    void refusesWrongNamesAndSizes() {
        assertThatIllegalArgumentException().isThrownBy(() -> block.get("d")).withMessage("no parameter is named d");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> block.get("c").set(new float[2]))
                .withMessage("c [1] was given 2 values");
        ParameterBlock.Builder builder = ParameterBlock.builder(device).add("x", 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.add("x", 2))
                .withMessage("two parameters are named x");
    }

    @Test
    void gradientsExistWhileItTrains() {
        Parameter c = block.get("c");
        long without = device.memoryUse().now().get(Owner.ADAPTER);
        assertThat(c.requiresGrad()).isFalse();
        assertThatIllegalStateException().isThrownBy(c::gradient);

        block.startTraining();
        assertThat(c.requiresGrad()).isTrue();
        assertThat(c.gradientArray()).containsExactly(0);
        assertThat(device.memoryUse().now().get(Owner.ADAPTER)).isEqualTo(2 * without);
        assertThatIllegalStateException()
                .isThrownBy(block::startTraining)
                .withMessage("these parameters are in training already");

        block.stopTraining();
        assertThat(device.memoryUse().now().get(Owner.ADAPTER)).isEqualTo(without);
        assertThatIllegalStateException().isThrownBy(block::gradients);
        block.startTraining();
    }

    @Test
    void aClosedBlockIsGone() {
        Parameter c = block.get("c");
        block.startTraining();
        block.close();
        assertThat(device.memoryUse().total()).isZero();
        assertThatIllegalStateException().isThrownBy(c::toArray);
    }
}
