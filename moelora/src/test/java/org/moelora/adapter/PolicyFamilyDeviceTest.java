package org.moelora.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.moelora.engine.Parameter;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;
import org.moelora.train.FineTuner;
import org.moelora.train.RouterTraining;
import org.moelora.train.TrainingConfig;
import org.moelora.train.TrainingListener;
import org.moelora.train.UsableDevice;
import org.moelora.train.WarmUp;

/** Every member of the family learns on an OpenCL device what it learns on the processor. */
class PolicyFamilyDeviceTest {
    /** Float32 sums in another order: as far as {@link org.moelora.train.ParityTest} lets a loss be from the reference. */
    private static final double LOSS = 1e-5;

    /** Of what was learned. AdamW divides by the gradient's size, so that rounding shows most where a gradient is nearly zero. */
    private static final double CHANGE = 1e-3;

    private static final int STEPS = 3;

    private static List<Decoder> bases = List.of();
    private static List<Device> devices = List.of();

    @BeforeAll
    static void open() {
        devices = List.of(UsableDevice.open("opencl:0"), Devices.open("cpu-simd", new DeviceOptions(2, true)));
        bases = devices.stream()
                .map(device -> Decoder.load(Vectors.path("llama"), device))
                .toList();
    }

    @AfterAll
    static void close() {
        bases.forEach(Decoder::close);
        devices.forEach(device -> assertThat(device.memoryUse().total()).isZero());
        devices.forEach(Device::close);
    }

    static Stream<Arguments> family() {
        RouterTraining warmUp = new RouterTraining(1, WarmUp.ofSteps(2), 3, false);
        Arguments taught = Arguments.of(
                "prompt, taught by the names of tasks",
                PolicyFamilyTest.prompt().build(),
                LossSettings.NONE.with(LossSettings.TASK_WEIGHT, 0.5));
        return Stream.concat(PolicyFamilyTest.family(), Stream.of(taught)).flatMap(each -> {
            List<Object> of = List.of(each.get());
            Arguments usual = Arguments.of(of.get(0), of.get(1), of.get(2), RouterTraining.DEFAULT);
            return List.of("moelora", "gated", "prompt", "comol, top-k").contains(of.getFirst())
                    ? Stream.of(usual, Arguments.of(of.get(0) + ", router warm-up", of.get(1), of.get(2), warmUp))
                    : Stream.of(usual);
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("family")
    void learnsTheSame(String name, AdapterConfig config, LossSettings losses, RouterTraining router) {
        Learned card = train(bases.getFirst(), config, losses, router);
        Learned processor = train(bases.getLast(), config, losses, router);
        for (int i = 0; i < processor.losses.size(); i++) {
            double expected = processor.losses.get(i);
            assertThat(card.losses.get(i))
                    .as("loss " + i + " of " + processor.losses)
                    .isCloseTo(expected, within(LOSS * (1 + Math.abs(expected))));
        }
        double difference = 0;
        double size = 0;
        for (int i = 0; i < processor.change.length; i++) {
            difference += Math.pow(card.change[i] - processor.change[i], 2);
            size += Math.pow(processor.change[i], 2);
        }
        assertThat(size).isPositive();
        assertThat(Math.sqrt(difference / size)).as("what was learned").isLessThan(CHANGE);
    }

    /**
     * @param losses the language model's, balance, contrast and the tasks' of each step
     * @param change of every parameter and statistic
     */
    private record Learned(List<Double> losses, float[] change) {}

    private static Learned train(Decoder base, AdapterConfig config, LossSettings losses, RouterTraining router) {
        try (Adapter adapter = Adapter.create(base, config, 5)) {
            // Away from B = 0, where directions are those of rounding errors.
            Random random = new Random(6);
            for (Parameter parameter : adapter.parameters().parameters()) {
                if (parameter.name().endsWith(".lora_B")) {
                    float[] b = new float[Math.toIntExact(parameter.shape().size())];
                    for (int i = 0; i < b.length; i++) {
                        b[i] = (float) (0.1 * random.nextGaussian());
                    }
                    parameter.set(b);
                }
            }
            float[] before = values(adapter);
            List<Double> seen = new ArrayList<>();
            FineTuner.of(base.with(adapter))
                    .onRows(PolicyFamilyTest.rows().subList(0, 3))
                    .config(TrainingConfig.builder()
                            .losses(losses)
                            .router(router)
                            .contrastWarmUp(WarmUp.NONE)
                            .steps((long) STEPS)
                            .batchSize(3)
                            .shuffle(false)
                            .learningRate(1e-2)
                            .build())
                    .run(new TrainingListener() {
                        @Override
                        public void step(Step step) {
                            seen.addAll(List.of(step.lm(), step.balance(), step.contrast(), step.task()));
                        }
                    });
            float[] change = values(adapter);
            for (int i = 0; i < change.length; i++) {
                change[i] -= before[i];
            }
            return new Learned(seen, change);
        }
    }

    private static float[] values(Adapter adapter) {
        List<Parameter> all = new ArrayList<>(adapter.parameters().parameters());
        adapter.layers()
                .values()
                .forEach(layer -> all.addAll(layer.routerStatistics().values()));
        float[] values = new float
                [all.stream()
                        .mapToInt(parameter -> Math.toIntExact(parameter.shape().size()))
                        .sum()];
        int at = 0;
        for (Parameter parameter : all) {
            float[] of = parameter.toArray();
            System.arraycopy(of, 0, values, at, of.length);
            at += of.length;
        }
        return values;
    }
}
