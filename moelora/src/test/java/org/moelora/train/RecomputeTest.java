package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.AdapterConfig;
import org.moelora.adapter.LoraConfig;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.data.TokenRow;
import org.moelora.engine.Parameter;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.DecoderConfig;
import org.moelora.model.Vectors;

class RecomputeTest {
    private static final List<String> ALL =
            List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    static List<Arguments> cases() {
        LossSettings few = new LossSettings(0.1, 0.1, 0.1, 40);
        return List.of(
                Arguments.of("llama", MoeLoraConfig.builder().dropout(0.2).build(), few),
                Arguments.of(
                        "qwen2-bf16",
                        MoeLoraConfig.builder().dropout(0.2).targets(ALL).build(),
                        few),
                Arguments.of("llama", LoraConfig.builder().dropout(0.1).build(), LossSettings.NONE));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void notABitIsDifferent(String model, AdapterConfig adapter, LossSettings losses) {
        List<Object> kept = new ArrayList<>();
        List<Object> again = new ArrayList<>();
        train(model, adapter, losses, false, kept);
        train(model, adapter, losses, true, again);
        assertThat(again).isEqualTo(kept);
    }

    /** The numbers of every step and the values of every parameter. */
    private static void train(
            String model, AdapterConfig config, LossSettings losses, boolean recompute, List<Object> seen) {
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, true));
                Decoder base = Decoder.load(Vectors.path(model), device);
                Adapter adapter = Adapter.create(base, config, 5)) {
            TrainingConfig training = TrainingConfig.builder()
                    .losses(losses)
                    .contrastWarmUp(WarmUp.NONE)
                    .steps(3L)
                    .batchSize(3)
                    .gradAccumulation(2)
                    .learningRate(1e-2)
                    .recompute(recompute)
                    .build();
            FineTuner.of(base.with(adapter))
                    .onRows(Vectors.rows(model))
                    .config(training)
                    .run(new TrainingListener() {
                        @Override
                        public void step(Step step) {
                            seen.addAll(List.of(step.loss(), step.balance(), step.contrast(), step.gradNorm()));
                        }
                    });
            for (Parameter parameter : adapter.parameters().parameters()) {
                for (float value : parameter.toArray()) {
                    seen.add(Float.floatToRawIntBits(value));
                }
            }
        }
    }

    /** Of 12 layers the inputs are held instead of everything: counted by the device, so always the same number. */
    @Test
    void deepModelsTakeFarLess() {
        long kept = peak(12, false) - peak(4, false);
        long again = peak(12, true) - peak(4, true);
        assertThat((double) again / kept).isBetween(0.05, 0.15);
    }

    private static long peak(int layers, boolean recompute) {
        DecoderConfig config = new DecoderConfig(
                "llama", 32, 64, layers, 48, 4, 2, 8, 1e-5f, 1e4, null, 256, true, false, false, null, List.of());
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(1, false));
                Decoder base = Decoder.trainable(config, null, device, 1);
                Adapter adapter = Adapter.create(
                        base,
                        MoeLoraConfig.builder()
                                .experts(2)
                                .topK(1)
                                .renormalise(false)
                                .build(),
                        5)) {
            int[] ids = IntStream.range(0, 64).map(i -> i % 48).toArray();
            TokenRow row = new TokenRow(ids, ids, null, 0);
            long before = device.memoryUse().total();
            TrainingConfig training = TrainingConfig.builder()
                    .losses(new LossSettings(0.1, 0.1, 0.1, 40))
                    .steps(1L)
                    .batchSize(4)
                    .recompute(recompute)
                    .build();
            FineTuner.of(base.with(adapter))
                    .onRows(List.of(row, row, row, row))
                    .config(training)
                    .run();
            return device.memoryUse().peak() - before;
        }
    }
}
