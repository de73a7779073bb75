package org.moelora.bench.contest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BarTest {
    @Test
    void meetingTheBarExactlyIsEnough() {
        assertThat(Bar.atLeast(0.95).isMetBy(0.95)).isTrue();
        assertThat(Bar.atLeast(0.95).isMetBy(0.949)).isFalse();
        assertThat(Bar.atMost(1.08).isMetBy(1.08)).isTrue();
        assertThat(Bar.atMost(1.08).isMetBy(1.081)).isFalse();
        assertThat(Bar.between(0.9, 1.1).isMetBy(0.9)).isTrue();
        assertThat(Bar.between(0.9, 1.1).isMetBy(1.11)).isFalse();
    }

    @Test
    void whatWasNotANumberMeetsNoBar() {
        assertThat(Bar.atLeast(0).isMetBy(Double.NaN)).isFalse();
        assertThat(Bar.atMost(0).isMetBy(Double.NaN)).isFalse();
    }

    @Test
    void aFigureSaysWhetherItIsMet() {
        assertThat(new Figure("a", "1", "1", Spread.of(0.9, 1, 1.1), Bar.atLeast(1)).met())
                .isEqualTo("yes");
        assertThat(new Figure("a", "1", "2", Spread.of(0.5), Bar.atLeast(1)).met())
                .isEqualTo("NO");
        assertThat(new Figure("a", "1", "2", Spread.of(0.5), null).met()).isEmpty();
        assertThat(Figure.absent("a", Bar.atLeast(1), "not installed").met()).isEqualTo("absent");
    }

    @Test
    void reads() {
        assertThat(Bar.atLeast(3.5)).hasToString(">= 3.5");
        assertThat(Bar.atMost(1)).hasToString("<= 1");
        assertThat(Bar.between(0.9, 1.1)).hasToString("0.9..1.1");
    }
}
