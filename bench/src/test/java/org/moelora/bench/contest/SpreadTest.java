package org.moelora.bench.contest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class SpreadTest {
    @Test
    void medianOfAnOddNumberIsOneOfTheValues() {
        assertThat(Spread.of(9, 1, 5)).isEqualTo(new Spread(5, 1, 9, 3));
    }

    @Test
    void medianOfAnEvenNumberLiesBetweenTheTwoInTheMiddle() {
        assertThat(Spread.of(4, 1, 100, 2).median()).isEqualTo(3);
    }

    @Test
    void aRatioIsFormedWithinARound() {
        // A disturbance that slows the second round of both by ten leaves the ratios alone; medians of both sides would
        // say 20 / 3.
        assertThat(Spread.ofRatios(new double[] {2, 20, 4}, new double[] {1, 10, 2}))
                .isEqualTo(new Spread(2, 2, 2, 3));
    }

    @Test
    void roundsThatOneOfThemSkippedCountForNothing() {
        double[] theirs = {8, 6, Double.NaN, Double.NaN};
        assertThat(Spread.ofRatios(theirs, new double[] {2, 3, 5, 7})).isEqualTo(new Spread(3, 2, 4, 2));
    }

    @Test
    void aRateIsTakenOfEachTime() {
        assertThat(Spread.of(new double[] {0.5, Double.NaN, 0.25}, s -> 1 / s)).isEqualTo(new Spread(3, 2, 4, 2));
    }

    @Test
    void nothingHasNoMedian() {
        assertThatIllegalArgumentException().isThrownBy(Spread::of).withMessageContaining("at least one");
    }

    @Test
    void threeDigitsCount() {
        assertThat(Spread.of(1.0249, 0.98765, 12.345)).hasToString("1.02 (0.988..12.3)");
        assertThat(Spread.of(168.4, 41_234.9, 0.012345)).hasToString("168 (0.0123..41235)");
        assertThat(Spread.of(2)).hasToString("2");
        assertThat(Spread.of(0)).hasToString("0");
    }
}
