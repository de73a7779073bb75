package org.moelora.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** The pace of a training is that of compiled code: with a clock of its own, so that the machine does not matter. */
class PaceTest {
    private long now = 5;
    private int passes;

    private double pace(LongUnaryOperator nanosOfPass) {
        return Pace.secondsPerToken(() -> now, number -> {
            assertThat(number).isEqualTo(passes++);
            now += nanosOfPass.applyAsLong(number);
            return 100;
        });
    }

    @Test
    void passesThatGetFasterAreWaitedFor() {
        // 100 ms at first, 4 ms in the end.
        double pace = pace(number -> 4_000_000 + 96_000_000 / (1 + number));
        assertThat(pace).isCloseTo(4e-3 / 100, within(0.5 * 4e-3 / 100));
        assertThat(now).isLessThan(Pace.MOST + 2 * Pace.WINDOW);
    }

    @Test
    void steadyPassesAreDoneSoonAndSlowOnesTwice() {
        assertThat(pace(number -> 10_000_000)).isCloseTo(1e-4, within(1e-12));
        assertThat(now).isLessThan(5 * Pace.WINDOW);
        now = 0;
        passes = 0;
        assertThat(pace(number -> number == 0 ? 40_000_000_000L : 20_000_000_000L))
                .isCloseTo(0.2, within(1e-12));
        assertThat(passes).isEqualTo(2);
    }
}
