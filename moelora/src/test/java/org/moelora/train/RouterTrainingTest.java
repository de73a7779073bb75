package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.moelora.adapter.Adapter;
import org.moelora.adapter.LossSettings;
import org.moelora.adapter.MoeLoraConfig;
import org.moelora.adapter.RouterPhase;
import org.moelora.engine.InputException;
import org.moelora.engine.Parameter;
import org.moelora.engine.optim.Schedule;
import org.moelora.kernels.Device;
import org.moelora.kernels.DeviceOptions;
import org.moelora.kernels.Devices;
import org.moelora.model.Decoder;
import org.moelora.model.Vectors;

/** How routers are taught: from when on they select, how fast they learn, and whether anything else does. */
class RouterTrainingTest {
    private static Map<String, float[]> untrained() {
        return train(null, new ArrayList<>());
    }

    /** Values of all parameters after a training, or before one. */
    private static Map<String, float[]> train(@Nullable TrainingConfig config, List<TrainingListener.Step> steps) {
        try (Device device = Devices.open("cpu-simd", new DeviceOptions(2, true));
                Decoder base = Decoder.load(Vectors.path("llama"), device);
                Adapter adapter = Adapter.create(
                        base, MoeLoraConfig.builder().experts(4).rank(2).build(), 5)) {
            if (config != null) {
                FineTuner.of(base.with(adapter))
                        .onRows(Vectors.rows("llama").subList(0, 6))
                        .config(config)
                        .run(new TrainingListener() {
                            @Override
                            public void step(Step step) {
                                steps.add(step);
                            }
                        });
            }
            Map<String, float[]> values = new LinkedHashMap<>();
            for (Parameter parameter : adapter.parameters().parameters()) {
                values.put(parameter.name(), parameter.toArray());
            }
            return values;
        }
    }

    private static TrainingConfig.Builder config() {
        return TrainingConfig.builder()
                .steps(6L)
                .batchSize(3)
                .learningRate(1e-2)
                .weightDecay(0.1);
    }

    @Test
    void theTemperatureFallsOverTheWarmUpAndThenTheGateSelects() {
        RouterTraining training = new RouterTraining(1, WarmUp.ofShare(0.2), 3, false);
        assertThat(training.at(1, 100)).isEqualTo(new RouterPhase(true, 1 + 2 * 0.95));
        assertThat(training.at(10, 100)).isEqualTo(new RouterPhase(true, 2));
        assertThat(training.at(20, 100)).isEqualTo(new RouterPhase(true, 1));
        assertThat(training.at(21, 100)).isEqualTo(RouterPhase.FINAL);
        assertThat(RouterTraining.DEFAULT.at(1, 100)).isEqualTo(RouterPhase.FINAL);
    }

    /** While every expert takes part nothing is selected, so there is nothing to balance; afterwards there is. */
    @Test
    void aWarmUpUsesEveryExpert() {
        List<TrainingListener.Step> steps = new ArrayList<>();
        train(
                config().router(new RouterTraining(1, WarmUp.ofSteps(3), 2, false))
                        .build(),
                steps);
        assertThat(steps.subList(0, 3)).allMatch(step -> step.balance() == 0);
        assertThat(steps.subList(3, 6)).allMatch(step -> step.balance() >= 1);
        assertThat(steps.getLast().lm()).isLessThan(steps.getFirst().lm());
    }

    @Test
    void theContrastiveLossBeginsWhereItIsToldTo() {
        List<TrainingListener.Step> steps = new ArrayList<>();
        train(
                config().losses(new LossSettings(0, 0.5, 0.1, 64))
                        .contrastStart(WarmUp.ofSteps(2))
                        .contrastWarmUp(WarmUp.ofSteps(2))
                        .build(),
                steps);
        assertThat(steps.subList(0, 2)).allMatch(step -> step.contrast() == 0 && step.loss() == step.lm());
        assertThat(steps.get(2).loss() - steps.get(2).lm())
                .isCloseTo(0.25 * steps.get(2).contrast(), within(1e-6));
        assertThat(steps.get(5).loss() - steps.get(5).lm())
                .isCloseTo(0.5 * steps.get(5).contrast(), within(1e-6));
    }

    /** The rate 0 leaves the routers where they were; no decay touches them either. */
    @Test
    void routersHaveARateOfTheirOwnAndNoDecay() {
        Map<String, float[]> still = train(
                config().router(new RouterTraining(0, WarmUp.NONE, 1, false)).build(), new ArrayList<>());
        Map<String, float[]> begin = untrained();
        Map<String, float[]> usual = train(config().build(), new ArrayList<>());
        String gate = "model.layers.0.self_attn.q_proj.moe_gate";
        String b = "model.layers.0.self_attn.q_proj.lora_B";
        assertThat(still.get(gate)).isEqualTo(begin.get(gate));
        assertThat(still.get(b)).isNotEqualTo(begin.get(b));
        assertThat(usual.get(gate)).isNotEqualTo(begin.get(gate));
    }

    /** AdamW's first step is the learning rate times a direction, so with four times the rate B moves four times as far, and A as before. */
    @Test
    void bHasARateOfItsOwn() {
        TrainingConfig.Builder oneStep =
                config().onlySteps(1).warmUp(WarmUp.NONE).schedule(Schedule.Decay.CONSTANT);
        Map<String, float[]> begin = untrained();
        Map<String, float[]> once = train(oneStep.build(), new ArrayList<>());
        Map<String, float[]> faster = train(oneStep.bLearningRateRatio(4).build(), new ArrayList<>());
        begin.forEach((name, values) -> {
            float factor = name.endsWith("lora_B") ? 4 : 1;
            for (int i = 0; i < values.length; i++) {
                float step = once.get(name)[i] - values[i];
                assertThat(faster.get(name)[i] - values[i]).as(name).isCloseTo(factor * step, within(1e-6f));
            }
        });
        String b = "model.layers.0.self_attn.q_proj.lora_B";
        assertThat(once.get(b)).isNotEqualTo(begin.get(b));
    }

    /** From B = 0 a router has no gradient but the balance loss's, and everything else stays. */
    @Test
    void nothingButTheRouterLearns() {
        Map<String, float[]> begin = untrained();
        Map<String, float[]> after = train(
                config().router(new RouterTraining(1, WarmUp.NONE, 1, true)).build(), new ArrayList<>());
        begin.forEach((name, values) -> {
            if (name.endsWith("moe_gate")) {
                assertThat(after.get(name)).isNotEqualTo(values);
            } else {
                assertThat(after.get(name)).isEqualTo(values);
            }
        });
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new RouterTraining(-1, WarmUp.NONE, 1, false))
                .isInstanceOf(InputException.class)
                .hasMessage("router-learning-rate is -1.0; expected a multiple of 0 to 1000000");
        assertThatThrownBy(() -> new RouterTraining(1, WarmUp.NONE, 0.5, false))
                .isInstanceOf(InputException.class)
                .hasMessage("router-temperature is 0.5; expected 1 to 1000");
        assertThatThrownBy(() -> new RouterTraining(0, WarmUp.NONE, 1, true)).isInstanceOf(InputException.class);
    }
}
