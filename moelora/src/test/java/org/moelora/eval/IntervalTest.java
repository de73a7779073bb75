package org.moelora.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IntervalTest {
    /** Newcombe 1998, Statistics in Medicine 17, 857 to 872, table I, method 3. */
    @ParameterizedTest
    @CsvSource({"81, 263, 0.2553, 0.3662", "15, 148, 0.0624, 0.1605", "0, 20, 0.0000, 0.1611", "1, 29, 0.0061, 0.1718"})
    void isThePublishedOne(int correct, int n, double low, double high) {
        Interval interval = Interval.wilson(correct, n);
        assertThat(interval.low()).isCloseTo(low, within(5e-5));
        assertThat(interval.high()).isCloseTo(high, within(5e-5));
    }

    @Test
    void isTheSameFromTheOtherSide() {
        Interval right = Interval.wilson(29, 29 + 4);
        Interval wrong = Interval.wilson(4, 29 + 4);
        assertThat(right.low()).isCloseTo(1 - wrong.high(), within(1e-12));
        assertThat(right.high()).isCloseTo(1 - wrong.low(), within(1e-12));
    }

    @Test
    void endsWhereSharesEnd() {
        assertThat(Interval.wilson(0, 3).low()).isZero();
        assertThat(Interval.wilson(3, 3).high()).isEqualTo(1);
        assertThat(Interval.wilson(0, 0)).isEqualTo(new Interval(0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> Interval.wilson(2, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> Interval.wilson(-1, 1));
    }
}
