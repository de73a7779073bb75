package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.moelora.adapter.LossSettings;
import org.moelora.engine.optim.Schedule;
import org.moelora.io.Json;
import org.moelora.io.JsonWriter;
import org.moelora.settings.Values;

class TrainingSettingsTest {
    private static TrainingConfig.Builder unusual() {
        return TrainingConfig.builder()
                .losses(new LossSettings(
                        0.1, 0.2, 0.3, 4, LossSettings.Contrast.TOKEN, LossSettings.Balance.MUTUAL_INFORMATION, 0.6))
                .contrastStart(WarmUp.ofSteps(5))
                .contrastWarmUp(WarmUp.ofSteps(7))
                .router(new RouterTraining(0.5, WarmUp.ofShare(0.25), 2, true))
                .batchSize(3)
                .gradAccumulation(5)
                .learningRate(1.0 / 3)
                .schedule(Schedule.Decay.LINEAR)
                .warmUp(WarmUp.ofShare(0.07))
                .weightDecay(0.01)
                .clip(0.5)
                .evalEvery(9)
                .recompute(true)
                .shuffle(false)
                .seed(Long.MIN_VALUE);
    }

    @Test
    void everySettingComesBack() {
        for (TrainingConfig config : new TrainingConfig[] {
            unusual().epochs(0.7).build(), unusual().steps(11L).build()
        }) {
            String json = JsonWriter.pretty(TrainingConfig.SETTINGS.write(config));
            assertThat(TrainingConfig.SETTINGS.make(Values.of(Json.parse(json, "run.json"))))
                    .isEqualTo(config);
        }
    }

    /** One name per component, and one each for those of the losses and the router: a new setting has to be written, too. */
    @Test
    void everySettingIsWritten() {
        assertThat(TrainingConfig.SETTINGS.write(unusual().build()))
                .hasSize(TrainingConfig.class.getRecordComponents().length
                        - 2
                        + RouterTraining.class.getRecordComponents().length
                        + LossSettings.class.getRecordComponents().length);
    }

    @Test
    void theFirstDifferenceIsNamedButNotOneThatDoesNotMatter() {
        TrainingConfig config = unusual().build();
        assertThat(TrainingConfig.SETTINGS.difference(config, config)).isEmpty();
        assertThat(TrainingConfig.SETTINGS.difference(unusual().recompute(false).build(), config))
                .isEmpty();
        assertThat(TrainingConfig.SETTINGS.difference(
                        unusual().batchSize(4).seed(0).build(), config))
                .contains("batch-size is 4, and the run has 3");
    }
}
