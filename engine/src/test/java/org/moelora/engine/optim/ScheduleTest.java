package org.moelora.engine.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moelora.engine.optim.Schedule.Decay;

class ScheduleTest {
    private static double[] all(Schedule schedule, int steps) {
        return LongStream.rangeClosed(1, steps)
                .mapToDouble(step -> schedule.at(step, steps))
                .toArray();
    }

    @Test
    void constantIsTheRateAtEveryStep() {
        assertThat(all(Schedule.constant(3e-4), 5)).containsOnly(3e-4);
        assertThat(all(Schedule.constant(10, 4), 10)).containsExactly(2.5, 5, 7.5, 10, 10, 10, 10, 10, 10, 10);
    }

    /**
     * The tests of Hugging Face transformers list, at rate 10 with 2 steps of warm-up in 10: 0, 5, 10, 8.75, 7.5, 6.25, 5,
     * 3.75, 2.5, 1.25. Past the warm-up ours are the same; in it, one step ahead.
     */
    @Test
    void linearHasThePublishedValues() {
        assertThat(all(Schedule.linear(10, 2), 10)).containsExactly(5, 10, 10, 8.75, 7.5, 6.25, 5, 3.75, 2.5, 1.25);
        assertThat(all(Schedule.linear(1, 0), 4)).containsExactly(1, 0.75, 0.5, 0.25);
    }

    /** The same tests list for the cosine: 0, 5, 10, 9.61, 8.53, 6.91, 5, 3.08, 1.46, 0.38. */
    @Test
    void cosineHasThePublishedValues() {
        assertThat(all(Schedule.cosine(10, 2), 10))
                .containsExactly(new double[] {5, 10, 10, 9.61, 8.53, 6.91, 5, 3.08, 1.46, 0.38}, within(0.01));
        assertThat(all(Schedule.cosine(1, 0), 2)).containsExactly(new double[] {1, 0.5}, within(1e-15));
    }

    @ParameterizedTest
    @EnumSource
    void losesNoStepAtRateZeroAndNeverRisesAfterTheWarmUp(Decay decay) {
        double[] rates = all(new Schedule(decay, 1, 7), 50);

        for (int i = 0; i < 50; i++) {
            assertThat(rates[i]).isGreaterThan(0).isLessThanOrEqualTo(1);
            assertThat(i == 0 || (i < 7 ? rates[i] > rates[i - 1] : rates[i] <= rates[i - 1]))
                    .as("step %d", i + 1)
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 6, 1000})
    void aWarmUpMayFillTheTraining(int warmup) {
        double[] rates = all(Schedule.cosine(1, warmup), 5);

        assertThat(rates[0]).isEqualTo(1.0 / warmup);
        assertThat(rates[4]).isEqualTo(5.0 / warmup);
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertThatThrownBy(() -> Schedule.constant(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Schedule.constant(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Schedule.constant(Double.POSITIVE_INFINITY))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Schedule.linear(1, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Schedule.constant(1).at(0, 5)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Schedule.constant(1).at(6, 5)).isInstanceOf(IllegalArgumentException.class);
    }
}
